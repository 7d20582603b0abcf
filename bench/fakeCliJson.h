/* As much JSON as the fake CLI reads: the members of an object by key, whatever their order. */
#include <string.h>

static const char *skip_space(const char *at) {
  while (*at == ' ' || *at == '\t' || *at == '\r') at++;
  return at;
}

static const char *skip_value(const char *at) {
  int depth = 0, in_string = 0;
  for (; *at != '\0'; at++) {
    if (in_string) {
      if (*at == '\\' && at[1] != '\0') at++;
      else if (*at == '"') in_string = 0;
    } else if (*at == '"') in_string = 1;
    else if (*at == '{' || *at == '[') depth++;
    else if (*at == '}' || *at == ']') {
      if (depth-- == 0) return at;
    } else if (*at == ',' && depth == 0) return at;
  }
  return at;
}

/* The value of a key of this object, not of the objects inside it; NULL when it has none. */
static const char *member(const char *object, const char *key) {
  size_t length = strlen(key);
  if (object == NULL || *(object = skip_space(object)) != '{') return NULL;
  do {
    object = skip_space(object + 1);
    if (*object != '"') return NULL;
    const char *name = object + 1;
    const char *end = strchr(name, '"');
    if (end == NULL) return NULL;
    object = skip_space(end + 1);
    if (*object != ':') return NULL;
    object = skip_space(object + 1);
    if ((size_t)(end - name) == length && memcmp(name, key, length) == 0) return object;
    object = skip_value(object);
  } while (*object == ',');
  return NULL;
}

static void copy_string(const char *value, char *target, size_t size) {
  size_t length = 0;
  if (value != NULL && *value == '"')
    for (value++; value[length] != '"' && value[length] != '\0' && length + 1 < size; length++) target[length] = value[length];
  target[length] = '\0';
}
