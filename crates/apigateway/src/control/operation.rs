//! One operation in a few lines: the request is its input, checked by `parse` where it needs it.

/// Declares an operation. `access` says what it needs to be allowed, `run` does it.
macro_rules! operation {
    (
        $(#[$doc:meta])*
        $name:ident($input:ty) -> $output:ty;
        access |$asked:ident, $scope:ident| $access:expr;
        run |$given:ident, $service:ident, $cx:ident| $run:block
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name($input);

        impl weft_service::Operation for $name {
            const NAME: &'static str = stringify!($name);
            type Service = $crate::ApiGateway;
            type Input = $input;
            type Output = $output;

            fn parse(input: Self::Input, _: &weft_service::Scope) -> Result<Self, weft_service::Error> {
                Ok(Self(input))
            }

            fn accesses(&self, $scope: &weft_service::Scope) -> Vec<weft_service::Access> {
                let $asked = &self.0;
                Vec::from($access)
            }

            async fn run(
                self,
                $service: &$crate::ApiGateway,
                $cx: &weft_service::Context,
            ) -> Result<$output, weft_service::Error> {
                let $given = self.0;
                $run
            }
        }
    };
}

pub(crate) use operation;
