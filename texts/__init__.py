"""Every sentence and word that people read, in both languages: gettext catalogues, and what makes a sentence of a message.

The other rooms hold data (`domain.messages.Message`): a key and values. Keys and their texts stand in
`locales/<language>/LC_MESSAGES/*.po`. This room knows only the domain's values; it decides nothing.
"""
