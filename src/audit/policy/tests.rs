//! What each check finds, and what it does not.
