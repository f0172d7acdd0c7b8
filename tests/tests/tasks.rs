//! More than twenty written tasks, each done through the real window under Xvfb; what they took is printed.

#[test]
fn a_new_cashier_gets_through_a_day() {
    let folder = tempfile::tempdir().expect("a folder");
    let tasks = tests::tasks::all(folder.path()).unwrap_or_else(|error| panic!("{error:#}"));
    println!("{:>7} {:>10}  task", "actions", "after scan");
    for task in &tasks {
        println!("{:>7} {:>10}  {}", task.actions, task.after_scan, task.name);
    }
    assert!(tasks.len() >= 20);
    // A sale to nobody's member: payment, and Enter for the exact cash.
    let plain = tasks.iter().find(|task| task.name.starts_with("sell three goods")).expect("among them");
    assert!(plain.after_scan <= 3, "{plain:?}");
}
