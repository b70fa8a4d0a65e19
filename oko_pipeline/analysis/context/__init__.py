"""Like with like: groups, clusters, comparable schools, what results are to be expected in a school's conditions."""
