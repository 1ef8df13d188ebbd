// The licenses of the packages in the bundle. Most of them must be distributed with the code.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Plugin } from 'rolldown'
import { groupBy } from '../../src/core/data.ts'

/** Writes a file with the name, version and license of each package that the bundle contains something of. The same terms are written once. */
export function bundledLicenses(fileName: string): Plugin {
  return {
    name: 'bundled-licenses',
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((output) => (output.type === 'chunk' ? output.moduleIds : []))
      const folders = new Set(modules.flatMap((module) => packageFolder(module) ?? []))
      const byTerms = groupBy([...folders].sort().map(licenseOf), ({ terms }) => terms.replace(/\s+/g, ' '))
      const texts = Array.from(byTerms.values(), (licenses) =>
        [...licenses.map(({ notice }) => notice), licenses[0]?.terms].join('\n\n'),
      )
      this.emitFile({ type: 'asset', fileName, source: `${texts.join(`\n\n${'-'.repeat(72)}\n\n`)}\n` })
    },
  }
}

/** Undefined for a module outside of packages. */
function packageFolder(module: string): string | undefined {
  if (!module.includes('/node_modules/')) return undefined
  const folder = dirname(module)
  // A package.json without a version only says how modules are written.
  const manifest = join(folder, 'package.json')
  const isRoot = existsSync(manifest) && 'version' in JSON.parse(readFileSync(manifest, 'utf8'))
  return isRoot ? folder : packageFolder(folder)
}

interface License {
  /** The package, and its copyright. */
  readonly notice: string
  /** The terms, which many packages share. */
  readonly terms: string
}

function licenseOf(folder: string): License {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim()
  const start = Math.max(text.indexOf('Permission is hereby granted'), 0)
  const notice = `${name} ${version} (${license})\n\n${text.slice(0, start)}`.trim()
  return { notice, terms: text.slice(start) }
}
