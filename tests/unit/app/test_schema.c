/* SPDX-License-Identifier: MIT */
/*
 * Promise: a table of keys is all it takes to read a mapping into a struct: defaults, every type, choices, ranges, what is required,
 * nested structs and lists; nothing is accepted that the table does not allow.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "config/config.h"
#include "config/schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct leaf {
    int64_t number;
};

struct tree {
    const char *text, *choice;
    int64_t duration, integer;
    uint64_t size;
    double real;
    bool flag;
    struct config_texts texts;
    struct config_pairs pairs;
    struct config_pairs set;
    struct config_texts list;
    const char *list_name;
    struct leaf *leaf;
    struct leaf *leaves;
    size_t leaf_count;
    int line;
};

#define AT(member) offsetof(struct tree, member)

static const struct leaf leaf_default = {.number = 7};
static const struct key leaf_keys[] = {
    {"number", KEY_INTEGER, offsetof(struct leaf, number), .max = 10, .help = "A number."}};
static const struct schema leaf_schema = {"a leaf",       sizeof(struct leaf), &leaf_default,
                                          SCHEMA_NO_LINE, leaf_keys,           1};
static const struct tree tree_default = {.choice = "red", .duration = NS_PER_S, .size = 512};
static const struct key tree_keys[] = {
    {"text", KEY_TEXT, AT(text), .required = true, .help = "Text."},
    {"choice", KEY_TEXT, AT(choice), .choices = "red|green", .help = "A colour."},
    {"duration", KEY_DURATION, AT(duration), .min = 1e9, .max = 60e9, .help = "How long."},
    {"integer", KEY_INTEGER, AT(integer), .min = -5, .max = 5, .help = "How many."},
    {"size", KEY_SIZE, AT(size), .help = "How large."},
    {"real", KEY_NUMBER, AT(real), .min = 0.5, .max = 1.5, .help = "How much."},
    {"flag", KEY_BOOL, AT(flag), .help = "Whether."},
    {"texts", KEY_TEXTS, AT(texts), .help = "Which."},
    {"pairs", KEY_PAIRS, AT(pairs), .help = "What."},
    {"set", KEY_SETTINGS, AT(set), .help = "Settings."},
    {"leaf", KEY_OBJECT, AT(leaf), &leaf_schema, .help = "One."},
    {"leaves", KEY_OBJECTS, AT(leaves), &leaf_schema, .help = "Many."},
};
static const struct schema tree_schema = {
    "a tree", sizeof(struct tree), &tree_default,
    AT(line), tree_keys,           sizeof(tree_keys) / sizeof(tree_keys[0])};

static struct arena arena;
static struct error error;

static int read_tree(const char *text, struct tree *ret)
{
    yaml_parser_t parser;
    yaml_document_t document;
    assert_int_equal(yaml_parser_initialize(&parser), 1);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
    assert_int_equal(yaml_parser_load(&parser, &document), 1);
    struct reader reader = {
        .arena = &arena, .path = "t.yaml", .document = &document, .reterr = &error};
    error.text[0] = '\0';
    int r = schema_read(&reader, &tree_schema, yaml_document_get_root_node(&document), ret);
    yaml_document_delete(&document);
    yaml_parser_delete(&parser);
    return r;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void schema_leaves_defaults_where_nothing_is_given(void **state)
{
    (void)state;
    struct tree tree;
    assert_int_equal(read_tree("\n\ntext: hello\n", &tree), 0);
    assert_string_equal(tree.text, "hello");
    assert_string_equal(tree.choice, "red");
    assert_int_equal(tree.duration, NS_PER_S);
    assert_int_equal(tree.size, 512);
    assert_null(tree.leaf);
    assert_null(tree.leaves);
    assert_int_equal(tree.line, 3);
}

static void schema_reads_each_type(void **state)
{
    (void)state;
    struct tree tree;
    assert_int_equal(read_tree("text: 'it''s'\nchoice: green\nduration: 1.5s\ninteger: -3\n"
                               "size: 2KiB\nreal: 1.25\nflag: true\ntexts: [a, b]\n"
                               "pairs: {k: v, l: ''}\nset: {x: 1, many: [p, q], y: 2}\n"
                               "leaf: {}\nleaves: [{number: 1}, {}, {number: 3}]\n",
                               &tree),
                     0);
    assert_string_equal(tree.text, "it's");
    assert_string_equal(tree.choice, "green");
    assert_int_equal(tree.duration, 1500 * NS_PER_MS);
    assert_int_equal(tree.integer, -3);
    assert_int_equal(tree.size, 2048);
    assert_true(tree.real == 1.25 && tree.flag);
    assert_int_equal(tree.texts.count, 2);
    assert_string_equal(tree.texts.at[1], "b");
    assert_int_equal(tree.pairs.count, 2);
    assert_string_equal(tree.pairs.at[0].value, "v");
    assert_int_equal(tree.set.count, 2);
    assert_string_equal(tree.set.at[1].name, "y");
    assert_string_equal(tree.list_name, "many");
    assert_int_equal(tree.list.count, 2);
    assert_int_equal(tree.leaf->number, 7);
    assert_int_equal(tree.leaf_count, 3);
    assert_int_equal(tree.leaves[1].number, 7);
    assert_int_equal(tree.leaves[2].number, 3);
}

static void schema_takes_a_single_text_for_a_list_of_one(void **state)
{
    (void)state;
    struct tree tree;
    assert_int_equal(read_tree("text: x\ntexts: only\n", &tree), 0);
    assert_int_equal(tree.texts.count, 1);
    assert_string_equal(tree.texts.at[0], "only");
}

static void schema_allows_both_ends_of_a_range(void **state)
{
    (void)state;
    struct tree tree;
    assert_int_equal(read_tree("text: x\nduration: 1s\ninteger: -5\nreal: 0.5\n", &tree), 0);
    assert_int_equal(tree.integer, -5);
    assert_int_equal(read_tree("text: x\nduration: 60s\ninteger: 5\nreal: 1.5\n", &tree), 0);
    assert_int_equal(tree.duration, 60 * NS_PER_S);
}

static void schema_refuses_each_wrong_value_with_line_and_range(void **state)
{
    (void)state;
    static const struct {
        const char *line, *sentence;
    } wrong[] = {
        {"choice: blue", "choice: 'blue' is none of red|green"},
        {"choice: re", "choice: 're' is none of red|green"},
        {"choice: ''", "choice: '' is none of red|green"},
        {"choice: red|green", "choice: 'red|green' is none of red|green"},
        {"duration: 2m", "duration: 2m is out of range; allowed is 1s to 60s"},
        {"integer: 6", "integer: 6 is out of range; allowed is -5 to 5"},
        {"integer: 9223372036854775808",
         "integer: 9223372036854775808 is out of range; allowed is -5 to 5"},
        {"integer: nan", "integer: 'nan' is not a whole number"},
        {"integer: inf", "integer: inf is out of range; allowed is -5 to 5"},
        {"real: 0.4", "real: 0.4 is out of range; allowed is 0.5 to 1.5"},
        {"real: 1.0.0", "real: '1.0.0' is not a number"},
        {"flag: True", "flag: 'True' is neither true nor false"},
        {"text2: a", "unknown key 'text2' in a tree; did you mean 'text'?"},
        {"leaf: {numbr: 1}", "unknown key 'numbr' in a leaf; did you mean 'number'?"},
        {"leaf: 5", "a leaf: keys and values are expected here"},
        {"leaves: {number: 1}", "leaves: a list is expected here"},
        {"pairs: {a: 1, b: 2, a: 3}", "pairs: 'a' is given twice"},
        {"set: {a: 1, a: [b]}", "set: 'a' is given twice"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct tree tree;
        char text[256], sentence[256];
        snprintf(text, sizeof(text), "text: x\n%s\n", wrong[i].line);
        snprintf(sentence, sizeof(sentence), "t.yaml:2: %s", wrong[i].sentence);
        assert_int_equal(read_tree(text, &tree), -EINVAL);
        assert_string_equal(error.text, sentence);
    }
}

static void schema_reference_shows_type_default_and_choices_of_each_key(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    schema_reference(&tree_schema, out, 0);
    fclose(out);
    static const char *const lines[] = {
        "| `text` | text | required | Text. |\n",
        "| `choice` | text | `red` | A colour. One of `red`, `green` |\n",
        "| `duration` | duration | 1s | How long. |\n",
        "| `size` | size | 512 | How large. |\n",
        "| `flag` | true or false | - | Whether. |\n",
        "| `leaves` | list | - | Many. |\n| &nbsp;&nbsp;&nbsp;`number` | whole number | 7 | A "
        "number. |\n",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        assert_non_null(strstr(text, lines[i]));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(schema_leaves_defaults_where_nothing_is_given, tear_down),
        cmocka_unit_test_teardown(schema_reads_each_type, tear_down),
        cmocka_unit_test_teardown(schema_takes_a_single_text_for_a_list_of_one, tear_down),
        cmocka_unit_test_teardown(schema_allows_both_ends_of_a_range, tear_down),
        cmocka_unit_test_teardown(schema_refuses_each_wrong_value_with_line_and_range,
                                  tear_down),
        cmocka_unit_test_teardown(schema_reference_shows_type_default_and_choices_of_each_key,
                                  tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
