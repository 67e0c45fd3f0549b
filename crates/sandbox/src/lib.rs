//! Start, freeze and stop one worker: the launcher and the kernel's isolation.
