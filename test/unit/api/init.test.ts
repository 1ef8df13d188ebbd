// A first manifest is valid at once, whatever the names in it are.

import { describe, expect, test } from 'vitest'
import { starterManifest } from '../../../src/api/init.ts'
import { parseManifest } from '../../../src/manifest/parse.ts'

const source = { host: 'shop-db', port: 5433, database: 'shop', user: 'reader', schemas: ['public', 'billing'] }

const parse = (text: string) => parseManifest('fdwsync.yaml', Buffer.from(text), undefined)

test('a server, a user mapping, and a mirror of each schema', async () => {
  const { text, variables } = starterManifest({ name: 'shop', source, file: 'fdwsync.yaml' })
  expect(variables).toEqual([{ name: 'SHOP_PASSWORD', meaning: 'the password of reader at the source' }])
  const { manifest, warnings } = await parse(text)
  expect(warnings).toEqual([])
  expect(manifest).toMatchObject({
    name: 'shop',
    servers: { shop: { options: { host: 'shop-db', port: '5433', dbname: 'shop' } } },
    mirrors: {
      shop: { server: 'shop', remote_schema: 'public', schema: 'shop', proxy_schema: 'shop_proxy' },
      shop_billing: { remote_schema: 'billing', schema: 'shop_billing', proxy_schema: 'shop_billing_proxy' },
    },
  })
  expect(text).toContain('${env:SHOP_PASSWORD}')
  expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/node_modules\/fdwsync\//)
})

test('copies as tables, in schemas of another name', async () => {
  const { text } = starterManifest({ name: 'shop', source, schema: 'copy', as: 'tables', file: 'fdwsync.yaml' })
  const { manifest } = await parse(text)
  expect(manifest.mirrors).toMatchObject({
    copy: { remote_schema: 'public', schema: 'copy', proxy_schema: 'copy_proxy', as: 'tables' },
    copy_billing: { remote_schema: 'billing', schema: 'copy_billing', as: 'tables' },
  })
})

describe('hostile names:', () => {
  test.each(['a"b: #', '{}', '${env:X}', 'größe', "it's", '::error::x', '- x', 'null', ' '])('%j', async (name) => {
    const { text } = starterManifest({
      name: 'shop',
      source: { ...source, host: name, database: name, user: name, schemas: [name] },
      file: 'db/fdwsync.yaml',
    })
    const { written } = await parse(text)
    expect(JSON.stringify(written)).toContain(JSON.stringify(name).slice(1, -1).replace('${', '$${'))
  })
})
