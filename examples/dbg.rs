use tripline::compile::*;
fn main() {
    let catalog = tripline::source::Catalog::builtin().unwrap();
    let mut files = Files::default();
    for a in std::env::args().skip(1) {
        files.add(a.as_ref(), &std::fs::read(&a).unwrap());
    }
    let world = files.world(&catalog).unwrap();
    let mut findings = files.findings.clone();
    let done = compile(&files.trees, &world, &mut findings);
    for f in &findings {
        println!("{}", tripline::diagnostics::render(f, &files.sources, false));
    }
    for d in &done {
        println!("{}", tripline::plan::print::plan(&d.plan, &catalog));
    }
}
