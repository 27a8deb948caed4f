from infra_apply.program import main

main()
