// The tablespace of tests that need another one than the default.

import { connect } from '../servers/databases.ts'

/** Creates `case_space` in the data directory of the server, once for all tests. No transaction can do that. */
export async function createTablespace(url: string): Promise<void> {
  const client = await connect(url)
  try {
    // Several workers may come here at the same time.
    await client.query('SELECT pg_advisory_lock(4712)')
    const { rows } = await client.query("SELECT FROM pg_tablespace WHERE spcname = 'case_space'")
    if (rows.length > 0) return
    await client.query('SET allow_in_place_tablespaces = on')
    await client.query("CREATE TABLESPACE case_space LOCATION ''")
  } finally {
    await client.end()
  }
}
