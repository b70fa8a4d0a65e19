"""Documents about state exams (ГИА): notes on ОГЭ and ЕГЭ, analysis of a subject, preparation and conduct."""
