// The language of the project: one word for one thing. The glossary is in src/README.md; the rules here are its column "never",
// with the forms of each word. A published name may keep such a word, as an exemption with its reason.

import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

const rules: readonly (readonly [never: RegExp, use: string])[] = [
  [/\banew\b|\b(made|make|makes|making|created|built|opened|read) again\b/i, 'recreate, rebuild, reopen'],
  [/\b(make|makes|made|making|maker|makers)\b/i, 'create, alter, build, let'],
  [/\bpeople(['’]s)?\b|\bsomebody(['’]s| else(['’]s)?)?\b|\bnobody\b/i, 'unmanaged, another role, no session'],
  [/\bours\b|\bof others\b|\bothers['’]/i, 'managed, unmanaged'],
  [/\bwhat follows\b|\bfollowers?\b|\bconsequences?\b/i, 'dependents, impact'],
  [/\b(lend|lends|lent|lending)\b/i, 'pooled connection, leased'],
  [/\b(lead|leads|led|leading) (a |the |its |their )?(views?|followers?)\b/i, 'repoint'],
  [/\b(stand|stands|stood|standing)\b(?!-ins?\b)(?! ins?\b)/i, 'is, exists'],
  [/\b(is|are|was|were) there\b/i, 'exists'],
  [/\b(tell|tells|told|telling|say|says|said|saying)\b/i, 'report, print, list'],
  [/\bcan['’]t\b|\bcan not\b/i, 'cannot'],
  [/\bin doubt\b/i, 'unknown outcome'],
  [/\bdata of two times\b|\btoo early\b/i, 'inconsistent snapshot, stale read'],
  [/\blocal cop(y|ies)\b/i, 'copy'],
  [/\b(fill|fills|filled|filling) (a |the |its |their |each )?(cop(y|ies)|views?|tables?)\b/i, 'load'],
  [/\bwholes\b|\bits whole\b|\btheir whole\b|\bof a whole\b/i, 'parent, child'],
]

interface Exemption {
  readonly text: RegExp
  /** The beginning of the paths in which it is exempt. */
  readonly in: readonly string[]
  readonly reason: string
}

const exemptions: readonly Exemption[] = [
  { text: /in-doubt/g, in: [''], reason: 'an outcome in JSON documents' },
  { text: /'in doubt'|failed or in doubt|skipped or in doubt/g, in: [''], reason: 'an outcome in the ledger' },
  { text: /\bisOfOthers\b/g, in: ['src/render/json/'], reason: 'a key of plan documents' },
  { text: /\bmadeElsewhere\b/g, in: ['src/'], reason: 'a key of history documents' },
  {
    text: /\bmade\b|\b(asked|said)\b/g,
    in: ['src/ledger/read.ts', 'src/ledger/schema.ts'],
    reason: 'names in old ledgers',
  },
  { text: /\bnobody\b/g, in: ['src/demo/server/processes.ts'], reason: 'an account of Unix' },
]

const pages = [
  'README.md',
  'CHANGELOG.md',
  'src/README.md',
  'src/DECISIONS.md',
  ...readdirSync(join(root, '.github'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `.github/${name}`),
]

interface Line {
  readonly where: string
  readonly text: string
}

const sourceFiles = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.includes('generated'))
  .map((path) => `src/${path}`)

/** The glossary quotes the words. Its lines become empty, so that the numbers of the other lines stay right. */
const neverList = /<!-- never-list:.*<!-- end of never-list -->/s

function linesOf(path: string): readonly Line[] {
  return readFileSync(join(root, path), 'utf8')
    .replace(neverList, (section) => section.replace(/.+/g, ''))
    .split('\n')
    .map((line, at) => ({ where: `${path}:${at + 1}`, text: withoutExempt(path, line) }))
}

function withoutExempt(path: string, line: string): string {
  const own = exemptions.filter((exemption) => exemption.in.some((start) => path.startsWith(start)))
  return own.reduce((text, exemption) => text.replace(exemption.text, ''), line)
}

/** The texts that editors show for the keys of a manifest, and those of the other documents. */
function descriptionsOf(path: string): readonly Line[] {
  const descriptions: Line[] = []
  const visit = (value: unknown, where: string) => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, part] of Object.entries(value)) {
      if (key === 'description' && typeof part === 'string') descriptions.push({ where, text: part })
      else visit(part, `${where}/${key}`)
    }
  }
  visit(JSON.parse(readFileSync(join(root, path), 'utf8')), path)
  return descriptions
}

function offences(lines: readonly Line[]): readonly string[] {
  return lines.flatMap(({ where, text }) => {
    const words = text.replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    return rules.flatMap(([never, use]) => {
      const found = never.exec(words)
      return found ? [`${where}: "${found[0]}"; use ${use}`] : []
    })
  })
}

describe('the language', () => {
  test('the never-list finds words in text and in identifiers', () => {
    const found = (text: string) => offences([{ where: '', text }]).length
    for (const never of ['makes it', 'makePlan', 'isThere', 'leads the view', 'fillViews']) expect(found(never)).toBe(1)
    for (const fine of ['a stand-in', 'standIns', 'leads to an error', 'fills a gap']) expect(found(fine)).toBe(0)
  })

  test('source code uses no word of the never-list', () => {
    expect(sourceFiles.length).toBeGreaterThan(200)
    expect(sourceFiles.flatMap((path) => offences(linesOf(path)))).toEqual([])
  })

  test.each(pages)('%s uses no word of the never-list', (path) => {
    expect(offences(linesOf(path))).toEqual([])
  })

  test('descriptions in the schemas use no word of the never-list', () => {
    const schemas = readdirSync(join(root, 'schemas')).filter((name) => name.endsWith('.json'))
    const descriptions = schemas.flatMap((name) => descriptionsOf(`schemas/${name}`))
    expect(descriptions.length).toBeGreaterThan(100)
    expect(offences(descriptions)).toEqual([])
  })

  test('every exemption is needed', () => {
    const paths = [...sourceFiles, ...pages]
    const unused = exemptions.filter(
      (exemption) =>
        !paths.some(
          (path) =>
            exemption.in.some((start) => path.startsWith(start)) &&
            new RegExp(exemption.text.source).test(readFileSync(join(root, path), 'utf8')),
        ),
    )
    expect(unused).toEqual([])
  })

  test('every file begins with a comment that explains what it is', () => {
    const without = sourceFiles.filter((path) => {
      const [first = '', second = ''] = readFileSync(join(root, path), 'utf8').split('\n')
      return !(first.startsWith('#!') ? second : first).startsWith('// ')
    })
    expect(without).toEqual([])
  })
})
