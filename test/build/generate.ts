import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import dependentSchemas from 'ajv/dist/vocabularies/applicator/dependentSchemas.js'
import { build } from 'esbuild'
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
  return isTruthValue({ type }) ? `(boolean | ${object})` : `(string | ${object})`
}

async function validator(schema: Schema): Promise<string> {
  const ajv = new Ajv({
    allErrors: true,
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    // Messages are written elsewhere, and each definition is checked by one function wherever it is used: both reduce the size of
    // the code.
    messages: false,
    inlineRefs: false,
    code: { source: true, esm: true },
  })
  // The only keyword of a later draft that the schema uses. All others would add code to each function.
  ajv.addKeyword(dependentSchemas.default)
  const code = withoutUnused(standalone.default(ajv, ajv.compile(withoutTexts(schema))))
  const bundle = await build({
    stdin: { contents: entry, resolveDir: root, sourcefile: 'validate-manifest.js' },
    bundle: true,
    // Otherwise the text would contain the path of a linked node_modules.
    preserveSymlinks: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    target: 'node20',
    minify: true,
    legalComments: 'none',
    plugins: [
      {
        name: 'standalone',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^standalone$/ }, ({ path }) => ({ path, namespace: 'standalone' }))
          onLoad({ filter: /./, namespace: 'standalone' }, () => ({ contents: code, resolveDir: root }))
        },
      },
    ],
  })
  return `${banner}\n${bundle.outputFiles[0]?.text ?? ''}`
}

/** Removes what Ajv passes on for keywords that the schema does not use, and the places in the schema of errors. */
function withoutUnused(code: string): string {
  return code
    .replaceAll(/,\s*parentData\b[^,]*,\s*parentDataProperty\b[^,]*,\s*rootData(=data)?/g, '')
    .replaceAll(/schemaPath:"[^"]*",/g, '')
}

// An error under a condition is reported itself, so an error of the condition adds nothing.
const entry = `
  import check from 'standalone'
  export default function validate(data) {
    const valid = check(data)
    validate.errors = valid ? null : check.errors.filter(({ keyword }) => keyword !== 'if')
    return valid
  }
`

/** Removes texts for editors, which would be a fifth of the package. A key of a manifest may have the name of a keyword. */
function withoutTexts<Part>(part: Part): Part {
  if (Array.isArray(part)) return part.map(withoutTexts) as Part
  if (typeof part !== 'object' || part === null) return part
  const isText = ([keyword, value]: [string, unknown]) =>
    ['description', 'title', '$id', '$schema'].includes(keyword) && typeof value === 'string'
  const kept = Object.entries(part).filter((entry) => !isText(entry))
  return Object.fromEntries(kept.map(([keyword, value]) => [keyword, withoutTexts(value)])) as Part
}

const validatorTypes = `${banner}

export interface ValidationError {
  /** A JSON pointer to the value in question. */
  readonly instancePath: string
  readonly keyword: string
  readonly params: Readonly<Record<string, unknown>>
}

declare const validate: {
  (data: unknown): boolean
  /** Of the last call: null if it returned true. */
  errors?: readonly ValidationError[] | null
}
export default validate
`

/** The places of maps and booleans in a manifest: keys separated by dots, with `*` for any name or position. */
function shapes(schema: Schema): string {
  const found: Record<'object' | 'boolean', string[]> = { object: [], boolean: [] }
  const visit = (part: unknown, path: readonly string[]): void => {
    const node = resolved(part, schema)
    if (!node) return
    if (node.type === 'object') found.object.push(path.join('.'))
    if (isTruthValue(node)) found.boolean.push(path.join('.'))
    for (const [key, child] of Object.entries(node.properties ?? {})) visit(child, [...path, key])
    for (const child of [node.additionalProperties, node.items]) visit(child, [...path, '*'])
  }
  visit(schema, [])
  const list = (name: string, paths: readonly string[]) =>
    `export const ${name}: readonly string[] = [\n${paths.map((path) => `  '${path}',\n`).join('')}]\n`
  return [
    `${banner}\n`,
    list(
      'maps',
      found.object.filter((path) => path !== ''),
    ),
    list('truthValues', found.boolean),
  ].join('\n')
}

/** Whether a scalar there is a boolean. Where any text is allowed, `true` is a text, too. */
function isTruthValue({ type }: Pick<Schema, 'type'>): boolean {
  return type === 'boolean' || (Array.isArray(type) && type.includes('boolean') && !type.includes('string'))
}

function resolved(part: unknown, schema: Schema): Schema | undefined {
  if (typeof part !== 'object' || part === null) return undefined
  const { $ref } = part as Schema
  return typeof $ref === 'string' ? schema.$defs?.[$ref.replace('#/$defs/', '')] : (part as Schema)
}

const published = JSON.parse(await readFile(root + schemaFile, 'utf8')) as Schema
const schema = withoutHints(published)
const files = new Map([
  ['src/manifest/generated/manifest-types.ts', await types(schema)],
  ['src/manifest/generated/manifest-shapes.ts', shapes(schema)],
  ['src/manifest/generated/validate-manifest.js', await validator(schema)],
  ['src/manifest/generated/validate-manifest.d.ts', validatorTypes],
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
