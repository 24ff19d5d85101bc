//! The simulated budget keeps its contract.

use hyper::{Division, testkit};
use sim::SharedBudget;

#[test]
fn it_keeps_the_contract_of_budgets() {
    for (total_bytes, least_bytes) in [(256 << 20, 128 << 10), (1 << 20, 128 << 10)] {
        let division = Division { total_bytes, least_bytes };
        let budget = SharedBudget::new(division);
        testkit::check_budget(division, &mut || budget.part(), &|| budget.taken_bytes());
        assert!(budget.highest_bytes() >= 2 * division.common_bytes());
    }
}
