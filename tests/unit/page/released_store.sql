BEGIN TRANSACTION;
CREATE TABLE acceptances (
	school_year TEXT NOT NULL, 
	document_id TEXT NOT NULL, 
	file_sha256 TEXT NOT NULL, 
	issue_number INTEGER NOT NULL, 
	accepted_at TEXT NOT NULL, 
	account_id TEXT NOT NULL, 
	PRIMARY KEY (school_year, document_id, file_sha256)
);
INSERT INTO "acceptances" VALUES('2024-2025','school_note:edu990001','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1,'2025-06-02T10:00:00Z','a53dc8dfd');
CREATE TABLE accounts (
	account_id TEXT NOT NULL, 
	login TEXT NOT NULL, 
	role TEXT NOT NULL, 
	unit_code TEXT, 
	password_hash TEXT, 
	changed_at TEXT NOT NULL, 
	PRIMARY KEY (account_id), 
	UNIQUE (login)
);
INSERT INTO "accounts" VALUES('a53dc8dfd','analyst','analyst',NULL,'$argon2id$v=19$m=1024,t=1,p=1$IaZbmbN+JhmbmCUxSwEjbA$+7SXxxaaxsCu3WC+yVu3jXv0GqUqXbeaU2f9aDK4018','2026-11-22T15:07:47Z');
INSERT INTO "accounts" VALUES('a1318ca9a','school','school','edu990001','$argon2id$v=19$m=1024,t=1,p=1$D3zLH0uB/Sir/ga24ldd9Q$vNnV5DVKe7RiFnMm2ZOgcBcWDtbL2JXN6qY7xeaziAA','2026-11-22T15:07:48Z');
INSERT INTO "accounts" VALUES('a4e9c9242','place','municipality','reg99_m101',NULL,'2026-11-22T15:07:48Z');
CREATE TABLE answers (
	school_year TEXT NOT NULL, 
	recommendation_id TEXT NOT NULL, 
	answer TEXT NOT NULL, 
	edited_text TEXT, 
	answer_reason TEXT, 
	answered_role TEXT NOT NULL, 
	answered_on TEXT NOT NULL, 
	account_id TEXT NOT NULL, 
	PRIMARY KEY (school_year, recommendation_id)
);
INSERT INTO "answers" VALUES('2024-2025','R2025-0000000001','rejected',NULL,'Сделано','department','2025-06-02','a53dc8dfd');
CREATE TABLE sessions (
	token_sha256 TEXT NOT NULL, 
	account_id TEXT NOT NULL, 
	csrf TEXT NOT NULL, 
	began_at FLOAT NOT NULL, 
	seen_at FLOAT NOT NULL, 
	PRIMARY KEY (token_sha256)
);
INSERT INTO "sessions" VALUES('42f637a3714e97c3d7b119474baf7b99bb0418ace056640bc3ba52e58da31397','a1318ca9a','nPc20yWcqM_84FMgD9FcbjbYJHcY_7fP',1.79536006807871580124e+09,1.79536006807871580124e+09);
CREATE TABLE uploads (
	upload_id TEXT NOT NULL, 
	account_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	sent_at TEXT NOT NULL, 
	is_taken BOOLEAN NOT NULL, 
	outcome TEXT NOT NULL, 
	PRIMARY KEY (upload_id)
);
INSERT INTO "uploads" VALUES('00000000000000000000000000000000','a1318ca9a','Форма.xlsx','2025-06-02T10:00:00Z',1,'{"why": "", "parts": [], "owners": [], "file_sha256": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "has_annotated": false}');
CREATE INDEX ix_sessions_account_id ON sessions (account_id);
CREATE INDEX ix_uploads_account_id ON uploads (account_id);
COMMIT;
