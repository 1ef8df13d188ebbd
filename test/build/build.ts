import { readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { bundledLicenses } from './bundled-licenses.ts'
import { keysOfSchema } from './keys-of-schema.ts'

/**
 * Bundles the command and the library with the packages that they use: split, so that what a command does not need is not loaded, into
 * few files, since each takes longer to find than to read, and minified, since parsing counts at start-up. PostgreSQL's parser stays
 * outside: it is WebAssembly.
 */
await rm('dist', { recursive: true, force: true })
const bundle = await rolldown({
  input: { fdwsync: 'src/cli/main.ts', index: 'src/index.ts' },
  platform: 'node',
  // pg looks for the last two on other platforms, or if asked to.
  external: ['libpg-query', 'pg-native', 'pg-cloudflare'],
  // Its modules for Node are CommonJS, which cannot be shaken.
  resolve: { alias: { yaml: fileURLToPath(new URL('../../node_modules/yaml/browser/index.js', import.meta.url)) } },
  transform: {
    target: 'node20',
    // Before Node 21, pg asks for this to find out whether it runs at Cloudflare, and Node loads its HTTP client to answer.
    // Nor does it look for its native client, which is not in the bundle.
    define: { Response: 'undefined', 'process.env.NODE_PG_FORCE_NATIVE': 'undefined' },
  },
  plugins: [
    {
      name: 'keys-of-schema',
      load: {
        filter: { id: /manifest\.schema\.json$/ },
        async handler(path) {
          const schema = JSON.parse(await readFile(path, 'utf8'))
          return { code: JSON.stringify(keysOfSchema(schema)), moduleType: 'json' }
        },
      },
    },
    {
      // Modules that the driver's packages load and fdwsync never uses: pools, the native client, and COPY to a client.
      name: 'unused',
      load: {
        filter: { id: /pg-pool\/index\.js|pg\/lib\/native\/|pg-copy-streams\/copy-(?:to|both)\.js/ },
        handler: () => ({ code: 'module.exports = class {}', moduleType: 'js' }),
      },
    },
    bundledLicenses('LICENSES.txt'),
  ],
})
await bundle.write({
  dir: 'dist',
  format: 'esm',
  minify: true,
  comments: false,
  // Maps for reading the stack trace of a release: a build of its tag has the same places.
  sourcemap: process.argv.includes('--source-maps') && 'hidden',
  chunkFileNames: 'chunks/[name]-[hash].js',
  codeSplitting: {
    // A module belongs to the first group that matches. Its imports belong to that group too, unless they match another.
    groups: [
      { name: 'version', test: /core\/version|package\.json/, priority: 7 },
      {
        name: 'command',
        test: /src\/(core|db|cli\/(?:definitions\/)?(?!main|compile-cache|progress|live-progress|events|origin|follow-run)[^/]+\.ts)|commander|chalk|east-asian/,
        priority: 6,
      },
      { name: 'manifest', test: /src\/(manifest\/(?!checks\/schema-)|parser)|\/yaml\//, priority: 5 },
      { name: 'driver', test: /node_modules\/(pg|postgres|split2|xtend)/, priority: 4 },
      { name: 'state', test: /src\/(kinds|introspector|ledger|planner\/proof\/fast-path)/, priority: 3 },
      // The modules of the planning rooms that a refresh loads.
      {
        name: 'loader',
        test: /src\/(loader|dependents\/(dependents|ownership|view-reads|read-through-views|declared-as-is)|sources\/source-error|differ\/(lost-attachments|replacement-groups))/,
        priority: 2,
      },
      { name: 'planner', test: /src\/(planner|probe|sources|dependents|differ)/, priority: 1 },
    ],
  },
})
