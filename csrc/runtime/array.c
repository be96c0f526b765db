/* Lists of numpy arrays, read where they lie.
 *
 * Asking numpy through Python costs 0.1 us (ffi.from_buffer, the pointer alone) to 1 us (pointer,
 * shape and strides) an array; reading the structs costs nothing. Both layouts are public and
 * frozen: PyListObject (CPython Include/cpython/listobject.h: header, size, items) and
 * PyArrayObject_fields (numpy ndarraytypes.h: header, data, nd, dimensions, strides), where a
 * header ends with the type and its size is object.__basicsize__. gradc/runtime/_native.py tries
 * both on a known array when it loads this library.
 */
#include <string.h>

#include "internal.h"

typedef struct list_fields {
    int64_t size;
    const char *const *items;
} list_fields;

typedef struct array_fields {
    void *data;
    int32_t nd;
    const int64_t *dimensions;
    const int64_t *strides;
} array_fields;

array_list gcr_list(uintptr_t id, int64_t header)
{
    list_fields fields;
    memcpy(&fields, (const char *)id + header, sizeof fields);
    return (array_list){fields.items, fields.size};
}

int32_t gcr_read_array(const array_list *list, int64_t position, const gcr_spec *spec,
                       int32_t ndim, int64_t *shape, int64_t *strides, gc_array *array)
{
    const char *object = list->items[position];
    uintptr_t type;
    memcpy(&type, object + spec->header - sizeof type, sizeof type);
    if (type != spec->array_type)
        return GCR_BAD_LIST;
    array_fields fields;
    memcpy(&fields, object + spec->header, sizeof fields);
    if (fields.nd != ndim)
        return GCR_BAD_ARRAY;
    for (int32_t axis = 0; axis < ndim; axis++) {
        shape[axis] = fields.dimensions[axis];
        strides[axis] = fields.strides[axis];
    }
    *array = (gc_array){fields.data, shape, strides};
    return GC_OK;
}

int32_t gcr_describe(uintptr_t id, int64_t position, int32_t ndim, uintptr_t array_type,
                     int64_t header, int64_t *words)
{
    const gcr_spec spec = {.array_type = array_type, .header = header};
    array_list list = gcr_list(id, header);
    words[0] = list.length;
    if (position >= list.length)
        return GCR_BAD_LIST;
    gc_array array;
    int32_t status =
        gcr_read_array(&list, position, &spec, ndim, words + 2, words + 2 + ndim, &array);
    if (status == GC_OK)
        words[1] = (int64_t)(uintptr_t)array.data;
    return status;
}
