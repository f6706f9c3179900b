use super::*;
use crate::targets::testing::{compiled, pages};

#[test]
fn look() {
    for path in [
        "rules/aws/aws_cli_recon_burst.trip",
        "rules/aws/cloudshell_unseen_commands.trip",
        "rules/aws/ssm_output_to_foreign_bucket.trip",
        "rules/azure/azure_cloudshell_usage.trip",
    ] {
        let text = std::fs::read_to_string(path).unwrap();
        let rules = compiled(&text);
        for plan in &rules.plans {
            match emit(plan, &rules.catalog, &Settings::default()) {
                Ok(text) => println!("{}\n{:#?}", text.text, text.notes),
                Err(findings) => println!("{}", pages(&findings, &rules.sources)),
            }
            match crate::targets::arm::emit(plan, &rules.catalog, &Settings::default()) {
                Ok(text) => println!("{}\n{:#?}", text.text, text.notes.len()),
                Err(findings) => println!("{}", pages(&findings, &rules.sources)),
            }
        }
    }
}
