// Every call that connects ends when its signal aborts, before it connects and while it does.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as library from '../../../src/index.ts'
import { read } from '../manifest/reading.ts'

/** Accepts connections and never answers. */
let silent: Server
let database: string
beforeAll(async () => {
  silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  // Without a deadline of its own.
  database = `postgresql://u@127.0.0.1:${(silent.address() as AddressInfo).port}/d?sslmode=disable&connect_timeout=0`
})
afterAll(() => silent.close())

const manifest = await read('version: 1\nname: m\n')
const saved = {} as Parameters<typeof library.applySavedPlan>[0]
const texts = { parsed: manifest, manifest: { files: [], variables: {} }, lock: undefined }

type Options = library.CommandOptions

const calls: Readonly<Record<string, (options: Options) => Promise<unknown>>> = {
  plan: (options) => library.plan(manifest, options),
  planToSave: (options) => library.planToSave(texts, options),
  apply: (options) => library.apply(manifest, options).result,
  'apply with approval': (options) => library.apply(manifest, { ...options, approve: () => true }).result,
  applySavedPlan: (options) => library.applySavedPlan(saved, manifest, options).result,
  destroy: (options) => library.destroy('m', options).result,
  release: (options) => library.release('m', ['x'], options).result,
  refresh: (options) => library.refresh(manifest, options).result,
  previewRefresh: (options) => library.previewRefresh(manifest, options),
  verify: (options) => library.verify(manifest, options),
  status: (options) => library.status(options),
  exportManifest: (options) => library.exportManifest(options),
  history: (options) => library.history(options),
  refreshHistory: (options) => library.refreshHistory(options),
  applyDetails: (options) => library.applyDetails('x', options),
  manifests: (options) => library.manifests(options),
  inspectSource: (options) => library.inspectSource(options),
  pin: (options) => library.pin(manifest, options),
}

test.each(Object.entries(calls))('%s', async (_name, call) => {
  const interrupted = { problems: [{ code: 'usage/interrupted' }] }
  await expect(call({ database, signal: AbortSignal.abort() })).rejects.toMatchObject(interrupted)

  const controller = new AbortController()
  const connected = once(silent, 'connection')
  const running = call({ database, signal: controller.signal })
  running.catch(() => {})
  await connected
  controller.abort()
  await expect(running).rejects.toMatchObject(interrupted)
})
