//! The CloudWatch Logs API and the platform's own log intake.
