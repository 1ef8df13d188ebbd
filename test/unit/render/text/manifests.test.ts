// The list of manifests.

import { Chalk } from 'chalk'
import { expect, test } from 'vitest'
import { renderManifests } from '../../../../src/render/text/manifests.ts'

test('what each manages, by kind, and its last apply', () => {
  const manifest = {
    manifest: 'shop',
    objects: 12,
    byKind: { index: 4, materializedView: 3, refreshPolicy: 2, statistics: 1, schema: 1, server: 1 },
    firstApplied: '2026-01-01T00:00:00.000Z',
    lastApplied: '2026-01-02T00:00:00.000Z',
    secondsAgo: 90,
    outcome: 'applied',
    appliedBy: 'deployer',
    commit: '0123456789abcdef',
  }
  const text = renderManifests(
    { database: 'analytics', manifests: [manifest] },
    { style: new Chalk({ level: 0 }), columns: 120 },
  )
  expect(text.trimEnd().split('\n')).toEqual([
    'fdwsync manifests · analytics',
    '',
    '  shop  12 objects',
    '      1 schema, 1 server, 3 materialized views, 4 indexes, 1 statistics object, 2 refresh policies',
    '      applied 1 min ago by deployer · commit 0123456789ab · first applied 2026-01-01',
  ])
})
