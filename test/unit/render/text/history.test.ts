// The history of a database, and one apply in detail, as text.

import { Chalk } from 'chalk'
import { describe, expect, test } from 'vitest'
import type { RecordedApply } from '../../../../src/core/history.ts'
import { keyOf } from '../../../../src/core/object.ts'
import { renderApplyDetails, renderHistory } from '../../../../src/render/text/history.ts'
import { widthOf } from '../../../../src/render/text/layout.ts'

const style = new Chalk({ level: 0 })
const key = keyOf({ kind: 'server', name: 'shop' })
const apply: RecordedApply = {
  id: '0b8f2c1e-8f3a-4b6e-9c1d-2f3a4b5c6d7e',
  manifest: 'shop-mirror',
  appliedBy: 'deployer',
  appliedFrom: '10.0.0.7',
  clientUser: 'ci',
  clientHost: 'runner-3',
  toolVersion: '0.1.0',
  startedAt: '2026-01-31T12:00:00.5Z',
  endedAt: '2026-01-31T12:00:02Z',
  outcome: 'applied in part',
  manifestDigest: 'e3b0',
  summary: {
    counts: { create: 1, alter: 2, replace: 0, drop: 0, adopt: 0, release: 0 },
    changes: [{ op: 'alter', address: key, title: 'server shop', cause: 'drift', fields: ['option host', 'owner'] }],
  },
  commit: '4f1c2ab9d0e1f2a3',
  repository: 'https://git.example/shop',
  database: 'analytics',
  databaseOid: 16401,
  systemIdentifier: '7312345678901234567',
  madeElsewhere: false,
}
const bare: RecordedApply = {
  ...apply,
  appliedFrom: null,
  clientUser: null,
  clientHost: null,
  endedAt: null,
  outcome: null,
  manifestDigest: null,
  summary: null,
  commit: null,
  repository: null,
  database: null,
  databaseOid: null,
  systemIdentifier: null,
}
const list = (applies: readonly RecordedApply[], columns = 100, more = false) =>
  renderHistory({ database: 'analytics', applies, more }, { style, columns })

describe('the history as text', () => {
  test('lists each apply with who, what and which commit', () => {
    expect(list([apply, { ...bare, madeElsewhere: true, database: 'old' }])).toBe(`fdwsync history · analytics

  0b8f2c1e  2026-01-31 12:00:00 UTC  applied in part  shop-mirror
    deployer from 10.0.0.7 · ci on runner-3
    1 to create, 2 to alter · commit 4f1c2ab9d0e1

  0b8f2c1e  2026-01-31 12:00:00 UTC  unknown          shop-mirror
    deployer
    applied to database old; this database is a copy of it, or was renamed
`)
  })

  test('one apply in detail', () => {
    const step = { stage: 'define', action: 'alter', address: key, title: 'server shop' }
    const steps = [
      { ...step, outcome: 'applied', reason: null },
      { ...step, outcome: 'failed', reason: 'it is locked' },
    ]
    const address = keyOf({ kind: 'materializedView', schema: 'shop', name: 'orders' })
    const load = { address, how: 'plain', startedAt: apply.startedAt, endedAt: '2026-01-31T12:00:02Z', rows: '50' }
    const refreshes = [{ ...load, outcome: 'applied', reason: null }]
    const text = renderApplyDetails({ database: 'analytics', apply, steps, refreshes }, { style, columns: 100 })
    expect(text).toBe(`fdwsync apply 0b8f2c1e-8f3a-4b6e-9c1d-2f3a4b5c6d7e · shop-mirror
  outcome     applied in part
  started     2026-01-31 12:00:00 UTC, took 1.5 s
  by          deployer from 10.0.0.7 · ci on runner-3
  planned     1 to create, 2 to alter
  tool        fdwsync 0.1.0
  manifest    sha256 e3b0
  commit      4f1c2ab9d0e1f2a3
  repository  https://git.example/shop
  database    analytics (OID 16401, cluster 7312345678901234567)

Planned
  ~ server shop: option host, owner

Steps
  applied  alter server shop
  failed   alter server shop: it is locked

Loads
  applied  shop.orders  plain, 1.5 s, 50 rows
`)
  })

  test('hostile names cannot forge a line, and lines fit the terminal', () => {
    const evil = 'x\n  0b8f2c1e  forged\u001b[2J'
    const texts = { manifest: evil, appliedBy: evil, appliedFrom: evil, clientUser: evil, clientHost: evil }
    const hostile: RecordedApply = { ...apply, ...texts, commit: evil, database: evil, madeElsewhere: true }
    const shown = list([hostile], 60)
    expect(shown).not.toContain('\u001b')
    expect(shown.split('\n').filter((line) => line.startsWith('  0b8f2c1e'))).toHaveLength(1)
    const long = list([{ ...apply, manifest: 'many words '.repeat(20) }], 40)
    expect(long.split('\n').filter((line) => widthOf(line) > 40)).toEqual([])
  })

  test('an empty history, and one with more applies than the limit', () => {
    expect(list([])).toContain('No applies are recorded.')
    expect(list([apply], 100, true)).toContain('Older applies exist; use --limit to list more.')
  })
})
