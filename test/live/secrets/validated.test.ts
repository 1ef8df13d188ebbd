// Wrappers whose validator checks the value of a secret.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { eachMajor } from '../../support/majors.ts'
import { missedOf } from '../../support/outcomes.ts'
import { logOf } from '../../support/server-log.ts'

const validator = `
  CREATE FUNCTION public.validate(options text[], catalog oid) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE key text; BEGIN
    FOREACH key IN ARRAY coalesce(options, '{}') LOOP
      IF key ~ '^(password|api_key)=' AND key !~ '^[a-z_]+=k-[a-z]+$' THEN
        RAISE EXCEPTION 'invalid: %, %', upper(key), replace(key, '"', '""') USING ERRCODE = '22023';
      END IF;
    END LOOP;
    IF catalog = 'pg_foreign_server'::regclass AND options = '{}' THEN RAISE EXCEPTION 'a key is required'; END IF;
  END $$;
  CREATE FOREIGN DATA WRAPPER keyed VALIDATOR public.validate`

const manifest = `
version: 1
name: keyed
servers:
  keyed:
    foreign_data_wrapper: keyed
    options: { api_key: "\${env:KEY}" }
    user_mappings: { public: { password: "\${env:KEY}" } }
schemas:
  proxy:
    foreign_tables:
      t: { server: keyed, options: { api_key: "\${env:KEY}" }, columns: { id: int } }
  local:
    materialized_views:
      v: { query: SELECT id FROM proxy.t, populate: false }
`

describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair, '')
  })
  afterAll(() => source.drop())

  test('are asked with the secret, which nothing shows', async () => {
    const fixture = await fixtureFor(pair, source, validator)
    const log = await logOf(fixture)
    const { report } = await applyTo(await fixture.manifest(manifest, { KEY: 'k-valid' }), fixture.url)
    expect([report?.steps.length, missedOf(report)]).toEqual([6, []])
    const rejected = applyTo(await fixture.manifest(manifest, { KEY: 'canary "no" key' }), fixture.url)
    const error: unknown = await rejected.catch((caught: unknown) => caught)
    expect(String(error)).toContain('invalid: API_KEY=(secret), api_key=(secret)')
    expect(log()).not.toMatch(/canary|k-valid/i)
  })
})
