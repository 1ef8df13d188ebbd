// The mark of the tables that fdwsync manages.

/**
 * A storage parameter with the value that it has by default, so it does nothing. It is dropped with the table, stays when the table
 * is renamed, is in every dump, and neither LIKE nor CREATE TABLE AS copies it.
 */
export const tableMark = { name: 'user_catalog_table', value: 'false' } as const
