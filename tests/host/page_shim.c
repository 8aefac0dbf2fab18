/* Pages for unit tests: by the C library, whose memory functions ASan checks. */
#include <string.h>

void page_clear(void *page);
void page_copy(void *restrict dst, const void *restrict src);

void page_clear(void *page)
{
    memset(page, 0, 4096);
}

void page_copy(void *restrict dst, const void *restrict src)
{
    memcpy(dst, src, 4096);
}
