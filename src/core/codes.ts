// The stable codes of problems, refusals, undetermined objects and warnings. Scripts may match on them; texts may change freely.

/** `subject/what`, in kebab case. Published: a code is never renamed or reused for something else. */
export type ProblemCode =
  // What was asked of the command
  /** An option or argument is invalid, or does not go with another one. */
  | 'usage/invalid-argument'
  /** No object, server, schema or apply has the given name. */
  | 'usage/unknown-name'
  /** Several objects or applies match the given name. */
  | 'usage/ambiguous-name'
  /** The user was asked for confirmation, and declined. */
  | 'usage/declined'
  /** Confirmation is required, but standard input is not a terminal. */
  | 'usage/no-terminal'
  /** The command was interrupted by a signal. */
  | 'usage/interrupted'

  // The text of a manifest
  /** The file cannot be read, is too large, or is not UTF-8. */
  | 'manifest/unreadable'
  /** The text is not valid YAML. */
  | 'yaml/syntax'
  /** Valid YAML that a manifest may not use: tags, several documents, deep nesting. */
  | 'yaml/unsupported'
  /** A key is unknown, or not supported in this place. */
  | 'manifest/unknown-key'
  /** A key occurs twice in one map. */
  | 'manifest/duplicate-key'
  /** A required key is missing. */
  | 'manifest/missing-key'
  /** A value has the wrong type, or is out of range. */
  | 'manifest/invalid-value'
  /** SQL in the manifest does not parse, or is of the wrong kind. */
  | 'manifest/invalid-sql'
  /** Views read each other, or tables inherit from each other, in a circle. */
  | 'manifest/circular-reference'
  /** Keys that exclude each other are both set. */
  | 'manifest/conflicting-keys'
  /** Two entries declare the same object. */
  | 'manifest/duplicate-name'
  /** An entry refers to something that the manifest does not declare. */
  | 'manifest/unknown-name'
  /** `renamed_from` contradicts what is declared or what exists. */
  | 'manifest/invalid-rename'
  /** A `${env:…}`, `${file:…}` or `${var:…}` reference cannot be resolved. */
  | 'manifest/unresolved-reference'
  /** A secret is written in the manifest in plain text. */
  | 'manifest/plaintext-secret'

  // The lock beside a manifest
  /** The lock does not exist, or cannot be read or written. */
  | 'lock/unavailable'
  /** The lock contains what a lock may not contain. */
  | 'lock/invalid'
  /** The lock does not match the manifest. */
  | 'lock/outdated'
  /** A lock is beside one of several files, but not beside the last one. */
  | 'lock/unused'

  // Connecting to a server
  /** A connection URL, parameter, service or certificate is invalid. */
  | 'connection/invalid-settings'
  /** The server cannot be reached, or refuses the connection. */
  | 'connection/refused'
  /** The server, the database or the role has no connection left. */
  | 'connection/too-many'
  /** The connection was lost. */
  | 'connection/lost'
  /** The server did not answer in time. */
  | 'connection/timeout'
  /** The server's version is not supported. */
  | 'server/unsupported-version'
  /** The server is a standby, or default_transaction_read_only is on. */
  | 'server/read-only'
  /** The server's lock table is too small for the transaction. */
  | 'server/lock-capacity'
  /** The server reported an error that has no code of its own here: see its SQLSTATE. */
  | 'server/error'
  /** A role that the manifest names does not exist. */
  | 'server/missing-role'
  /** This role, or the owner that is declared, lacks a privilege that the change needs. */
  | 'server/missing-privilege'
  /** The server rejects or cannot do what is declared. */
  | 'server/rejected'
  /** The server, a wrapper or a function reported something (WARNING or NOTICE) while it did what was asked. */
  | 'server/notice'

  // Secrets
  /** A secret would be visible to others: in what the server records, in an option every role may read, or in a lock. */
  | 'secret/exposed'
  /** A secret cannot be sent: it contains a character PostgreSQL cannot store, or the way to send it is missing. */
  | 'secret/unusable'

  // The ledger and the lease
  /** This role may not read the ledger. */
  | 'ledger/unreadable'
  /** The ledger could run another role's code, so it is not used. */
  | 'ledger/untrusted'
  /** A newer release of fdwsync wrote the ledger. */
  | 'ledger/newer-version'
  /** A row of the ledger is not what fdwsync has written. */
  | 'ledger/damaged'
  /** The ledger cannot be created, upgraded or written. */
  | 'ledger/unwritable'
  /** Another apply of the same manifest is running. */
  | 'lease/held'
  /** The connection that holds the lease was lost. */
  | 'lease/lost'

  // Planning and applying
  /** The database changed after the plan was created. */
  | 'plan/stale'
  /** The file is no saved plan, was edited or cut off, or comes from another version of fdwsync. */
  | 'plan/invalid-file'
  /** The file of a plan cannot be written. */
  | 'plan/unwritable'
  /** The plan was saved for another database. */
  | 'plan/other-target'
  /** The saved plan has been applied before. */
  | 'plan/applied'
  /** The plan cannot be written in the format that was asked for. */
  | 'plan/not-expressible'
  /** The plan has a hazard that was not allowed. */
  | 'plan/hazard'
  /** The result would differ from the plan, so it was rolled back. */
  | 'plan/not-converged'
  /** The connection was lost during COMMIT, and the outcome is unknown. */
  | 'plan/unknown-outcome'
  /** A plan of a part of the manifest takes something along, or leaves something out. */
  | 'plan/selection'
  /** Recreating an object would lose what the manifest ignores. */
  | 'object/ignored-lost'
  /** The object belongs to another manifest, or its ownership is unknown. */
  | 'object/owned-elsewhere'
  /** An unmanaged object already has this name. */
  | 'object/name-taken'
  /** A table that the manifest adopts has other columns. */
  | 'object/not-adoptable'
  /** The object is protected from what the plan would do. */
  | 'object/protected'
  /** Another session holds a lock that prevents reading the object. */
  | 'object/locked'
  /** The role may not see the object's options. */
  | 'object/hidden-options'
  /** The object's declaration could not be probed. */
  | 'object/not-probed'
  /** Creating the object would run user-defined code, which a plan does not do. */
  | 'object/evaluates-code'
  /** Something the object needs is undetermined. */
  | 'object/dependency-undetermined'
  /** Its SQL finds a function or operator of a role that is not trusted. */
  | 'object/untrusted-code'
  /** An unmanaged object was changed while its replacement was built. */
  | 'object/changed-meanwhile'

  // Dependents
  /** An unmanaged object depends on what would be dropped or replaced. */
  | 'dependents/unmanaged-object'
  /** An unmanaged view cannot be repointed or recreated. */
  | 'dependents/unmanaged-view'
  /** A view that did not read the object when it was planned was repointed at its successor. */
  | 'dependents/repointed'
  /** What depends on the object is dropped only after the plan's replacements. */
  | 'dependents/dropped-later'
  /** A declared object depends on it, and cannot be changed along with it. */
  | 'dependents/declared'
  /** A copy would mix old and new data. */
  | 'dependents/stale-read'
  /** A view that stays as it is shows a change of what it reads only once it is refreshed. */
  | 'dependents/outdated'

  // Sources
  /** The source cannot be reached or queried. */
  | 'source/unreachable'
  /** The source accepts no more connections at the moment. */
  | 'source/busy'
  /** The source refuses the connection, or refuses to have a table read. */
  | 'source/rejected'
  /** A column has a type that values of the source do not have. */
  | 'source/wrong-type'
  /** It was not tried whether the source can be read. */
  | 'source/not-tried'
  /** The source stopped answering during a load. */
  | 'source/unresponsive'
  /** A server connects back to the target, so that a load or a swap waits for itself. */
  | 'source/loopback'
  /** The source does not have the named table, column or schema. */
  | 'source/not-found'
  /** A table of the source cannot be imported. */
  | 'source/not-importable'
  /** A table has changed at the source in a way that the target cannot follow. */
  | 'source/not-followed'
  /** A type of the source does not exist here, or cannot be copied. */
  | 'source/type'
  /** An index of the source cannot be copied. */
  | 'source/index'
  /** Tables of the source are copied into tables without a primary key. */
  | 'source/no-key'
  /** A mirror does not copy some relations of the source. */
  | 'source/left-out'
  /** A column is copied without its collation, which does not exist here. */
  | 'source/collation'
  /** A default or a generation expression of the source is not imported. */
  | 'source/expression'
  /** The wrapper cannot report what the source has, so its foreign tables were not compared. */
  | 'source/not-comparable'

  // Refresh policies
  /** The copies of a group cannot be read in one snapshot. */
  | 'refresh/group'
  /** The column of a watermark does not exist, or its values do not grow. */
  | 'refresh/watermark'
  /** A copy cannot be refreshed by its strategy. */
  | 'refresh/impossible'
  /** PostgreSQL rejects the query skip_if_same. */
  | 'refresh/skip-if-same'
  /** Readers of a copy wait while it is refreshed. */
  | 'refresh/blocks-readers'

  // Schedules
  /** pg_cron is not where it would have to be, so nothing runs the schedules of the manifest. */
  | 'schedule/not-applied'

  // The demo
  /** No PostgreSQL server for the demo was found, or it did not start. */
  | 'demo/no-server'

  // fdwsync itself
  /** A bug: the error should not be possible. */
  | 'internal/bug'
