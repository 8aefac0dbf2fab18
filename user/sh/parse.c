/*
 * From a line to a tree, by recursive descent with one token of look-ahead: one function for each
 * rule of the grammar in sh.h.  Every function returns 0 when it fails, after it set p->error, and
 * its callers then give up as well.
 */
#include "user/sh/sh.h"

enum token {
    TOKEN_END,
    TOKEN_WORD,
    TOKEN_REDIRECT,
    TOKEN_SEMICOLON,
    TOKEN_BACKGROUND,
    TOKEN_PIPE,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_BAD,
};

struct parser {
    struct arena *arena;
    const char *error;
    int depth;
    const char *next;         /* the first byte after the token */
    enum token token;         /* the token looked at */
    struct word word;         /* TOKEN_WORD */
    struct redirect redirect; /* TOKEN_REDIRECT, its file not yet read */
};

static struct chain *parse_chains(struct parser *p);

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void *give_up(struct parser *p, const char *error)
{
    if (p->error == 0)
        p->error = error;
    p->token = TOKEN_BAD;
    return 0;
}

static void *new (struct parser *p, size_t n)
{
    void *node = arena_new(p->arena, n);
    return node != 0 ? node : give_up(p, "out of memory");
}

/* What follows the quoted text at s; 0 if the closing quote is missing. */
static const char *skip_quoted(const char *s)
{
    char quote = *s++;

    for (; *s != quote; s++) {
        if (quote == '"' && *s == '\\' && s[1] != 0)
            s++;
        if (*s == 0)
            return 0;
    }
    return s + 1;
}

static enum token scan_word(struct parser *p, const char *s)
{
    p->word.text = s;
    while (*s != 0 && !is_space(*s) && strchr(";&|<>()", *s) == 0) {
        if (*s == '\'' || *s == '"') {
            s = skip_quoted(s);
            if (s == 0) {
                give_up(p, "syntax error: a quote is not closed");
                return TOKEN_BAD;
            }
        } else {
            s += *s == '\\' && s[1] != 0 ? 2 : 1;
        }
    }
    p->word.n = s - p->word.text;
    p->next = s;
    return TOKEN_WORD;
}

static enum token scan_redirect(struct parser *p, const char *s)
{
    struct redirect *r = &p->redirect;
    int digit = is_digit(*s) ? *s++ - '0' : -1;
    char sign = *s++;

    memset(r, 0, sizeof(*r));
    r->kind = sign == '<' ? REDIRECT_READ : REDIRECT_WRITE;
    r->fd = digit >= 0 ? digit : sign == '>';
    p->next = s;
    if (*s == '&') {
        if (!is_digit(s[1])) {
            give_up(p, "syntax error: a descriptor from 0 to 9 must follow >& or <&");
            return TOKEN_BAD;
        }
        r->kind = REDIRECT_COPY;
        r->from = s[1] - '0';
        p->next = s + 2;
    } else if (*s == sign) {
        if (sign == '<') {
            give_up(p, "<< is not supported");
            return TOKEN_BAD;
        }
        r->kind = REDIRECT_APPEND;
        p->next = s + 1;
    }
    return TOKEN_REDIRECT;
}

/* One of the signs, or the double one if there is one and the sign stands twice. */
static enum token scan_sign(struct parser *p, const char *s, enum token single, enum token twice)
{
    int doubled = s[1] == s[0] && twice != TOKEN_BAD;

    p->next = s + 1 + doubled;
    return doubled ? twice : single;
}

static void advance(struct parser *p)
{
    const char *s = p->next;

    if (p->token == TOKEN_BAD)
        return;
    while (is_space(*s))
        s++;
    p->next = s;
    if (is_digit(*s) && (s[1] == '<' || s[1] == '>')) {
        p->token = scan_redirect(p, s);
        return;
    }
    switch (*s) {
    case 0:
    case '#': p->token = TOKEN_END; break;
    case ';': p->token = scan_sign(p, s, TOKEN_SEMICOLON, TOKEN_BAD); break;
    case '&': p->token = scan_sign(p, s, TOKEN_BACKGROUND, TOKEN_AND); break;
    case '|': p->token = scan_sign(p, s, TOKEN_PIPE, TOKEN_OR); break;
    case '(': p->token = scan_sign(p, s, TOKEN_OPEN, TOKEN_BAD); break;
    case ')': p->token = scan_sign(p, s, TOKEN_CLOSE, TOKEN_BAD); break;
    case '<':
    case '>': p->token = scan_redirect(p, s); break;
    default: p->token = scan_word(p, s); break;
    }
}

/* A token that cannot stand where it does. */
static void *unexpected(struct parser *p)
{
    static const char *const errors[] = {
        [TOKEN_END] = "syntax error: a command is missing at the end of the line",
        [TOKEN_WORD] = "syntax error: a word follows )",
        [TOKEN_REDIRECT] = "syntax error near < or >",
        [TOKEN_SEMICOLON] = "syntax error near ;",
        [TOKEN_BACKGROUND] = "syntax error near &",
        [TOKEN_PIPE] = "syntax error near |",
        [TOKEN_AND] = "syntax error near &&",
        [TOKEN_OR] = "syntax error near ||",
        [TOKEN_OPEN] = "syntax error near (",
        [TOKEN_CLOSE] = "syntax error near )",
        [TOKEN_BAD] = "syntax error",
    };
    return give_up(p, errors[p->token]);
}

/* Reads the redirect looked at, and appends it at *end; returns the new end. */
static struct redirect **parse_redirect(struct parser *p, struct redirect **end)
{
    struct redirect *r = new (p, sizeof(*r));

    if (r == 0)
        return 0;
    *r = p->redirect;
    *end = r;
    advance(p);
    if (r->kind != REDIRECT_COPY) {
        if (p->token != TOKEN_WORD)
            return give_up(p, "syntax error: a file name must follow < or >");
        r->file = p->word;
        advance(p);
    }
    return &r->next;
}

static struct chain *parse_subshell(struct parser *p)
{
    if (++p->depth > SH_DEPTH)
        return give_up(p, "too many ( within each other");
    advance(p);
    struct chain *inner = parse_chains(p);
    if (inner == 0)
        return p->error != 0 ? 0 : unexpected(p);
    if (p->token != TOKEN_CLOSE)
        return p->token == TOKEN_END ? give_up(p, "syntax error: ) is missing") : unexpected(p);
    p->depth--;
    advance(p);
    return inner;
}

static struct command *parse_command(struct parser *p)
{
    struct command *c = new (p, sizeof(*c));
    if (c == 0)
        return 0;

    struct word **last_word = &c->words;
    struct redirect **last_redirect = &c->redirects;
    if (p->token == TOKEN_OPEN) {
        c->subshell = parse_subshell(p);
        if (c->subshell == 0)
            return 0;
    }
    while (p->token == TOKEN_REDIRECT || (p->token == TOKEN_WORD && c->subshell == 0)) {
        if (p->token == TOKEN_REDIRECT) {
            last_redirect = parse_redirect(p, last_redirect);
            if (last_redirect == 0)
                return 0;
            continue;
        }
        *last_word = new (p, sizeof(**last_word));
        if (*last_word == 0)
            return 0;
        **last_word = p->word;
        last_word = &(*last_word)->next;
        c->nwords++;
        advance(p);
    }
    if (c->nwords == 0 && c->subshell == 0 && c->redirects == 0)
        return unexpected(p);
    if (p->token == TOKEN_WORD || p->token == TOKEN_OPEN)
        return unexpected(p);
    return c;
}

static struct pipeline *parse_pipeline(struct parser *p)
{
    struct pipeline *l = new (p, sizeof(*l));
    if (l == 0)
        return 0;

    struct command **last = &l->commands;
    for (;;) {
        *last = parse_command(p);
        if (*last == 0)
            return 0;
        last = &(*last)->next;
        l->ncommands++;
        if (p->token != TOKEN_PIPE)
            return l;
        advance(p);
    }
}

static struct chain *parse_chain(struct parser *p)
{
    struct chain *c = new (p, sizeof(*c));
    if (c == 0)
        return 0;

    struct pipeline **last = &c->pipelines;
    enum condition when = ALWAYS;
    for (;;) {
        *last = parse_pipeline(p);
        if (*last == 0)
            return 0;
        (*last)->when = when;
        last = &(*last)->next;
        if (p->token != TOKEN_AND && p->token != TOKEN_OR)
            return c;
        when = p->token == TOKEN_AND ? IF_SUCCESS : IF_FAILURE;
        advance(p);
    }
}

/* Up to the end of the line or a `)`; 0 also if there is nothing. */
static struct chain *parse_chains(struct parser *p)
{
    struct chain *first = 0, **last = &first;

    while (p->token != TOKEN_END && p->token != TOKEN_CLOSE) {
        *last = parse_chain(p);
        if (*last == 0)
            return 0;
        (*last)->background = p->token == TOKEN_BACKGROUND;
        last = &(*last)->next;
        if (p->token == TOKEN_SEMICOLON || p->token == TOKEN_BACKGROUND)
            advance(p);
        else
            break;
    }
    return p->error != 0 ? 0 : first;
}

struct chain *parse_line(struct arena *a, const char *line, const char **error)
{
    struct parser p = {.arena = a, .next = line};

    advance(&p);
    struct chain *tree = parse_chains(&p);
    if (p.error == 0 && p.token != TOKEN_END)
        tree = unexpected(&p);
    *error = p.error;
    return p.error != 0 ? 0 : tree;
}
