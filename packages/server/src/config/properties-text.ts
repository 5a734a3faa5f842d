/** A line of a properties file that reads back as this key and value, in ISO-8859-1. Both are as `parseProperties` gives them: trimmed. */
export function formatProperty(key: string, value: string): string {
  return `${escaped(key).replace(/[=:# !]/g, '\\$&')}=${escaped(value)}`
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll('\f', '\\f')
    .replace(/[^\x00-\xff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
