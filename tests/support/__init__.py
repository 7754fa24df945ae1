"""What tests share: slow references, exact posteriors, small runs, copies of the package with planted bugs."""
