//! Questions that the server asks about running sandboxes and the machine.

use super::Launcher;
use super::cells::Cell;
use crate::protocol::Event;

impl Launcher<'_> {
    fn cell(&self, id: u64) -> Option<&Cell> {
        self.cells.values().find(|cell| cell.id() == Some(id))
    }

    pub(super) fn freeze(&mut self, call: u64, id: u64, on: bool) {
        let error = match self.cell(id).map(Cell::group) {
            Some(Some(group)) => group.freeze(on).err().map(|error| error.to_string()),
            Some(None) => Some("there is no control group to freeze".to_owned()),
            None => Some("the sandbox has ended".to_owned()),
        };
        self.tell(&Event::Frozen { call, error }, Vec::new());
    }

    pub(super) fn usage(&mut self, call: u64, id: u64) {
        let usage = self.cell(id).and_then(Cell::group).map(crate::cgroup::Group::usage);
        self.tell(&Event::Used { call, usage }, Vec::new());
    }

    pub(super) fn find(&mut self, call: u64) {
        if self.interpreters.ask(call) {
            self.answer_found();
        }
    }

    /// The search has ended.
    pub(super) fn found(&mut self) {
        if self.interpreters.read() {
            self.answer_found();
        }
    }

    fn answer_found(&mut self) {
        for call in self.interpreters.take_askers() {
            let interpreters = self.interpreters.found().to_vec();
            self.tell(&Event::Found { call, interpreters }, Vec::new());
        }
    }
}
