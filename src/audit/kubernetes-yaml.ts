import { isScalar, parseAllDocuments, visit } from 'yaml'

// Go's emitter leaves plain what Go does not read as a number, such as a key id of the form 12345678e1234567; it writes numbers as JSON does.
const jsonNumber = /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i

/** Reads the documents of YAML as kubectl writes it. Throws an `Error` for what is not YAML, for aliases and for duplicate keys. */
export const readKubernetesYaml = (text: string): readonly unknown[] => {
  const documents = parseAllDocuments(text, { version: '1.2', prettyErrors: false })
  if ('empty' in documents) return []
  return documents.map((document) => {
    const [error] = document.errors
    if (error) throw error
    visit(document, {
      Scalar: (_, node) => {
        if (!isScalar(node) || typeof node.value !== 'number' || node.source === undefined) return
        if (!jsonNumber.test(node.source) || !Number.isFinite(node.value)) node.value = node.source
      },
    })
    return document.toJS({ maxAliasCount: 0 }) as unknown
  })
}
