//! One test for each fault that was found in the machine.
