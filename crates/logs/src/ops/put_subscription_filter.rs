//! `PutSubscriptionFilter`: sends a group's events that match a pattern to a function from now on.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::delivery::check_function;
use crate::names::{GroupName, check_stream};
use crate::pattern::Pattern;
use crate::pattern::criteria::{Criteria, SystemField};
use crate::subscriptions::{FILTERS, FILTERS_MAX, Filter, OWNERS, Owner, check_destination};
use crate::tables::{GROUPS, fresh_id, require_group};
use crate::{Logs, errors};

/// A parsed `PutSubscriptionFilter` request.
#[derive(Debug)]
pub(crate) struct PutSubscriptionFilter {
    group: GroupName,
    name: String,
    filter: Filter,
}

impl Operation for PutSubscriptionFilter {
    const NAME: &'static str = "PutSubscriptionFilter";
    type Service = Logs;
    type Input = model::PutSubscriptionFilterRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let group = GroupName::parse(&input.log_group_name, scope)?;
        check_stream(&input.filter_name, "filterName")?;
        Pattern::parse(&input.filter_pattern)?;
        check_destination(&input.destination_arn, &group)?;
        if let Some(criteria) = &input.field_selection_criteria {
            Criteria::parse(criteria).map_err(|invalid| invalid.of("fieldSelectionCriteria"))?;
        }
        input.emit_system_fields.iter().flatten().try_for_each(|field| check_system_field(field))?;
        let filter = Filter {
            id: fresh_id(),
            pattern: input.filter_pattern,
            destination: input.destination_arn,
            role: input.role_arn,
            distribution: input.distribution,
            transformed: input.apply_on_transformed_logs,
            criteria: input.field_selection_criteria,
            system_fields: input.emit_system_fields,
            created: scope.now,
        };
        Ok(Self { group, name: input.filter_name, filter })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        let pass = |role: &String| {
            Access::to("iam:PassRole", role.as_str()).with("iam:PassedToService", "logs.amazonaws.com")
        };
        self.filter.role.iter().map(pass).collect()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<(), Error> {
        logs.authorize_group(cx, "logs:PutSubscriptionFilter", &self.group).await?;
        check_function(cx, &self.group.name, &self.filter.destination).await?;
        let Self { group: group_name, name, filter } = self;
        logs.write(move |tx| {
            let mut group = require_group(tx, &group_name)?;
            let mut filter = filter.clone();
            if let Some(old) = FILTERS.get(tx, &(group.id, &name))? {
                (filter.id, filter.created) = (old.id, old.created);
            } else if group.subscriptions.len() >= FILTERS_MAX {
                return Err(errors::limit_exceeded());
            } else {
                group.subscriptions.push(filter.id);
                GROUPS.insert(tx, &group_name.key(), &group)?;
            }
            OWNERS.insert(tx, &(filter.id,), &Owner { group: group_name.key(), name: name.clone() })?;
            Ok(FILTERS.insert(tx, &(group.id, name.clone()), &filter)?)
        })
        .await
    }
}

fn check_system_field(name: &str) -> Result<(), Error> {
    if SystemField::parse(name).is_some() {
        return Ok(());
    }
    Err(errors::invalid_parameter(match name {
        "@source.log" => "The system field @source.log is not supported by Weft yet.".to_owned(),
        _ => format!("'{name}' in emitSystemFields is neither @aws.account nor @aws.region."),
    }))
}
