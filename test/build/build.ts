import { readFile, rm } from 'node:fs/promises'
import { build } from 'esbuild'
import { withoutHints } from './without-hints.ts'

/**
 * Bundles the command and the library: split, so that what a command does not need is not loaded, and minified, since
 * parsing counts at start-up. Packages stay outside unless they are needed at every start.
 */
await rm('dist', { recursive: true, force: true })
await build({
  entryPoints: { fdwsync: 'src/cli/main.ts', index: 'src/index.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  chunkNames: 'chunks/[name]-[hash]',
  packages: 'external',
  minify: true,
  // By which the stack trace of a release can be read: build its tag with them, and the places are the same.
  sourcemap: process.argv.includes('--source-maps') && 'external',
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [
    {
      // The command needs the keys of the schema, and nothing that is for editors: that is in the published file.
      name: 'keys-of-schema',
      setup({ onLoad }) {
        onLoad({ filter: /manifest\.schema\.json$/ }, async ({ path }) => {
          const schema = JSON.parse(await readFile(path, 'utf8'), (key, value) =>
            key === 'description' && typeof value === 'string' ? undefined : value,
          )
          return { contents: JSON.stringify(withoutHints(schema)), loader: 'json' }
        })
      },
    },
  ],
})
