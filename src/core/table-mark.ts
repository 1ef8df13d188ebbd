// The mark of the tables that fdwsync manages.

/**
 * A storage parameter with the value that it has by default, so it does nothing. It belongs to the table alone: it is gone with the
 * table, stays when that is renamed, is in every dump, and neither LIKE nor CREATE TABLE AS copies it.
 */
export const tableMark = { name: 'user_catalog_table', value: 'false' } as const
