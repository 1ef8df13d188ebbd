// What a command reports first if both the manifest and the server are at fault.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadManifestOrPlan } from '../../../src/library/load-manifest.ts'

const folder = mkdtempSync(join(tmpdir(), 'fdwsync-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

const unreachable = { database: 'postgresql://nobody@127.0.0.1:1/none' }

test.each([
  ['a manifest with an error', 'version: 1\nname: x\nschemaz: {}\n', /unknown key "schemaz"/],
  ['a manifest without errors', 'version: 1\nname: x\n', /cannot connect to nobody@127.0.0.1:1/],
])('no server listens, and there is %s', async (_, text, message) => {
  const file = join(folder, 'manifest.yaml')
  writeFileSync(file, text)
  await expect(loadManifestOrPlan([file], unreachable, {})).rejects.toThrow(message)
})
