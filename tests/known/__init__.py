"""Every figure that is shown, on data whose answers are worked out by hand."""
