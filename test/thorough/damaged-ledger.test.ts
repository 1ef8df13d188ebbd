// Rows of the ledger that were edited by hand: an error names the row and the way out, and is never a stack trace.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FdwsyncError } from '../../src/core/errors.ts'
import type { TestDatabase } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { applyTo, planFor } from '../support/fdwsync.ts'
import { createSource, fixtureFor } from '../support/fixture.ts'
import { newestMajor } from '../support/majors.ts'
import { importHead } from '../support/manifests.ts'
import { changesOf } from '../support/outcomes.ts'

const manifest = `${importHead}
schemas:
  proxy:
    types: { mood: { enum: [sad, ok] }, pair: { composite: { x: int } }, zip: { domain: text, checks: { zip_check: "value <> ''" } } }
    imports: [{ server: shop, remote_schema: public, limit_to: [customers] }]
    foreign_tables:
      orders: { server: shop, options: { schema_name: public }, columns: { id: bigint, note: text }, checks: { sane: id > 0 } }
  local:
    materialized_views:
      orders:
        query: SELECT id, note FROM proxy.orders
        indexes: { orders_id_idx: { unique: true, columns: [id] } }
        statistics: { orders_stats: { columns: [id, note] } }
        grants: { select: [public] }
`

const values = ['[1, 2]', 'null', '{"columns": 5}', '{"options": [1], "grants": 7, "checks": "x"}']
const sources = ['{"request": 5, "response": []}']

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('each row of the ledger, damaged in each way', async () => {
    const fixture = await fixtureFor(pair, source)
    const parsed = await fixture.manifest(manifest)
    await applyTo(parsed, fixture.url)
    const addresses = (await fixture.sql('SELECT address FROM fdwsync.object')).map(({ address }) => String(address))
    expect(addresses.length).toBeGreaterThan(9)
    const found: string[] = []
    for (const address of addresses) {
      const damages = [
        ...values.map((value) => `declared = '${value}'`),
        ...sources.map((value) => `source = '${value}'`),
      ]
      for (const damage of damages) {
        await fixture.sql(`DELETE FROM fdwsync.proof; UPDATE fdwsync.object SET closure = NULL;
          CREATE TABLE public.kept AS SELECT * FROM fdwsync.object; UPDATE fdwsync.object SET ${damage} WHERE address = '${address.replaceAll("'", "''")}'`)
        const error: unknown = await planFor(parsed, fixture.url).then(
          () => undefined,
          (reason: unknown) => reason,
        )
        if (error !== undefined && !(error instanceof FdwsyncError)) {
          throw new Error(`${address} SET ${damage}`, { cause: error })
        }
        if (error) {
          expect(error.message, `${address} SET ${damage}`).toContain(address.replaceAll("'", "''"))
          found.push(damage)
        }
        await fixture.sql(
          `DELETE FROM fdwsync.object; INSERT INTO fdwsync.object SELECT * FROM public.kept; DROP TABLE public.kept`,
        )
      }
    }
    expect(found.filter((damage) => damage === "declared = '[1, 2]'").length, 'lists are noticed').toBeGreaterThan(3)
    expect(changesOf(await planFor(parsed, fixture.url))).toEqual([])
  })
})
