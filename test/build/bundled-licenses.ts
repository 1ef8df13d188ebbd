// The licenses of the packages in the bundle, which most of them ask to go along with their code.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Plugin } from 'rolldown'

/** Writes a file with the name, version and license of each package that the bundle contains something of. */
export function bundledLicenses(fileName: string): Plugin {
  return {
    name: 'bundled-licenses',
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((output) => (output.type === 'chunk' ? output.moduleIds : []))
      const folders = new Set(modules.flatMap((module) => packageFolder(module) ?? []))
      const texts = [...folders].sort().map(licenseOf)
      this.emitFile({ type: 'asset', fileName, source: `${texts.join(`\n${'-'.repeat(72)}\n\n`)}` })
    },
  }
}

/** Undefined for what is not in a package. */
function packageFolder(module: string): string | undefined {
  if (!module.includes('/node_modules/')) return undefined
  const folder = dirname(module)
  // A package.json without a version only says how modules are written.
  const manifest = join(folder, 'package.json')
  const isRoot = existsSync(manifest) && 'version' in JSON.parse(readFileSync(manifest, 'utf8'))
  return isRoot ? folder : packageFolder(folder)
}

function licenseOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  const text = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
  return `${name} ${version} (${license})\n${text}`
}
