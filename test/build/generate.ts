import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile, type JSONSchema } from 'json-schema-to-typescript'
import { overlaySchema } from './overlay-schema.ts'
import { withoutHints } from './without-hints.ts'

// Generates src/manifest/generated and the schema of overlays from the published schema. With --check it only compares.

const root = fileURLToPath(new URL('../../', import.meta.url))
const schemaFile = 'schemas/manifest.schema.json'
const banner = `// Made from ${schemaFile} by "npm run generate". Do not edit.`

interface Schema {
  readonly [keyword: string]: unknown
  readonly title: string
  readonly type: string | readonly string[]
  readonly $defs?: Readonly<Record<string, Schema>>
}

async function types(schema: Schema): Promise<string> {
  const { $defs: definitions = {}, ...manifest } = schema
  const objects = Object.values(definitions).filter((definition) => definition.type.includes('object'))
  const declarations: string[] = []
  for (const definition of [manifest, ...objects]) {
    const declared = { ...(typeOf(definition, definitions) as JSONSchema), type: 'object' as const }
    declarations.push(
      await compile(declared, definition.title, {
        bannerComment: '',
        ignoreMinAndMaxItems: true,
        style: { printWidth: 120, semi: false, singleQuote: true },
      }),
    )
  }
  return [
    banner,
    `import type { Secret } from '../../core/secret.ts'`,
    `/** A manifest, with its variables and references resolved. */\n${declarations.map((text) => text.trim()).join('\n\n')}`,
    '',
  ].join('\n\n')
}

/**
 * The type of a part of the schema, as the reader returns values: scalars are text, secrets are objects, and conditions are
 * ignored. Descriptions are left out: they would be half of the package's declarations.
 */
function typeOf(part: unknown, definitions: Readonly<Record<string, Schema>>): unknown {
  if (Array.isArray(part)) return part.map((item) => typeOf(item, definitions))
  if (typeof part !== 'object' || part === null) return part
  const dropped = ['if', 'then', 'dependentSchemas', 'default', 'minLength', 'description']
  const kept = Object.entries(part).filter(([keyword, value]) => !dropped.includes(keyword) || isSchema(value))
  const { $ref, ...rest } = Object.fromEntries(kept.map(([keyword, value]) => [keyword, typeOf(value, definitions)]))
  if (typeof $ref !== 'string') return rest
  const name = $ref.replace('#/$defs/', '')
  const definition = definitions[name]
  if (!definition) throw new Error(`${schemaFile} refers to ${$ref}, which it does not have`)
  return { ...rest, tsType: referenced(name, definition) }
}

/** `default` is a keyword, and a key of a column too. Conditions are maps, but have no description. */
function isSchema(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'description' in value
}

function referenced(name: string, { title, type }: Schema): string {
  if (name === 'mapping_option' || name === 'option') return 'string | Secret'
  if (!type.includes('object')) return 'string'
  const object = title.replace(/ (\w)/g, (_, letter: string) => letter.toUpperCase())
  if (type === 'object') return object
  if (type.includes('array')) return `(string[] | ${object})`
  return type.includes('boolean') && !type.includes('string') ? `(boolean | ${object})` : `(string | ${object})`
}

const forEditors = ['$schema', '$id', 'title', 'description', 'default']
const withParts = ['properties', 'dependentSchemas', '$defs']
const withOnePart = ['items', 'additionalProperties', 'if', 'not', 'then']
const plain = [
  '$ref',
  'type',
  'const',
  'enum',
  'minLength',
  'pattern',
  'minimum',
  'minItems',
  'uniqueItems',
  'required',
]

/** The schema as `src/manifest/shape/` checks manifests by it. */
function shapeOf(part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part
  const kept = Object.entries(part).filter(([keyword]) => !forEditors.includes(keyword))
  return Object.fromEntries(kept.map(([keyword, value]) => [keyword, shapeOfKeyword(keyword, value)]))
}

function shapeOfKeyword(keyword: string, value: unknown): unknown {
  if (plain.includes(keyword)) return value
  if (withOnePart.includes(keyword)) return shapeOf(value)
  if (!withParts.includes(keyword))
    throw new Error(`${schemaFile} has "${keyword}", which src/manifest/shape/ cannot check`)
  const parts = Object.entries(value as Readonly<Record<string, unknown>>) // as the keyword requires
  return Object.fromEntries(parts.map(([key, child]) => [key, shapeOf(child)]))
}

const published = JSON.parse(await readFile(root + schemaFile, 'utf8')) as Schema
const schema = withoutHints(published)
const files = new Map([
  ['src/manifest/generated/manifest-types.ts', await types(schema)],
  ['src/manifest/generated/manifest-schema.json', `${JSON.stringify(shapeOf(schema))}\n`],
  ['schemas/overlay.schema.json', overlaySchema(published)],
])
for (const [file, text] of files) {
  if (process.argv.includes('--check')) {
    const present = await readFile(root + file, 'utf8').catch(() => undefined)
    if (present === text) continue
    console.error(`${file} is ${present === undefined ? 'missing' : 'stale'}: run "npm run generate"`)
    process.exitCode = 1
  } else {
    await mkdir(dirname(root + file), { recursive: true })
    await writeFile(root + file, text)
  }
}
