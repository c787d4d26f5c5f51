// The part of Jinja that chat templates are written in. What is expected here is what Jinja
// 3.1 prints with trim_blocks and lstrip_blocks.

#include <gtest/gtest.h>

#include "formats/importers/jinja/evaluator.h"
#include "formats/importers/jinja/parser.h"
#include "tests/support/support.h"

namespace crayon::importers::jinja {
namespace {

std::string print(std::string_view source) {
  const Nodes nodes = parse(source);
  return evaluate(nodes, {{"name", "Ann"},
                          {"list", List{"a", "b", "c"}},
                          {"map", Entries{{"x", std::int64_t{1}}, {"y", "two"}}},
                          {"nothing", None()}});
}

struct Case {
  const char* source;
  const char* expected;
};

const Case cases[] = {
    // White space
    {"a\n{% if true %}\nb\n{% endif %}\nc\n", "a\nb\nc"},
    {"a  {%- if true -%}  b  {%- endif -%}  c", "abc"},
    {"  {% if true %}x{% endif %}  {{ 1 }}", "x  1"},
    {"x {% if true %} y{% endif %}", "x  y"},
    {"  {%+ if true +%}\nx{% endif %}", "  \nx"},
    {"a {# gone #} b", "a  b"},
    {"a\n  {# gone #}\nb", "a\nb"},
    {"a {#- gone -#} b", "ab"},
    {"{{ 1 }}\n{{ 2 }}\n", "1\n2"},
    {"{{ '}}' ~ '%}' }}", "}}%}"},
    {"{{ {'a': {'b': 2}}.a.b }}", "2"},
    // Expressions
    {"{{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ 7 // 2 }} {{ -7 % 3 }}", "7 9 3 2"},
    {"{{ 'a' + 'b' ~ 1 }}", "ab1"},
    {"{{ 'it\\'s' \"\\n\" }}", "it's\n"},
    {"{{ not true or true and false }}", "False"},
    {"{{ name == 'Ann' and 'b' in list and 'z' not in list }}", "True"},
    {"{{ 'x' if name else 'y' }}{{ 'z' if false }}", "x"},
    {"{{ list[0] }}{{ list[-1] }}{{ list[7] }}{{ map.x }}{{ map['y'] }}{{ map.z }}", "ac1two"},
    {"{{ list[1:]|join('-') }} {{ list[:-1]|join }} {{ list[::-1]|join }} {{ name[1:] }}",
     "b-c ab cba nn"},
    {"{{ [1, 2] + [3] == [1, 2, 3] }} {{ (1, 2) == (1, 2) }}", "True True"},
    {"{{ nothing }} {{ true }} {{ missing }}|", "None True |"},
    {"{{ 'ab' < 'b' }} {{ 2 >= 3 }}", "True False"},
    // Filters, tests, methods
    {"{{ ' x '|trim }}{{ ' y '.strip() }}{{ 'zz'.rstrip('z') }}|", "xy|"},
    {"{{ list|length }} {{ 'Ab'|upper }} {{ 'Ab'|lower }} {{ list|first }}{{ list|last }}",
     "3 AB ab ac"},
    {"{{ missing|default('d') }} {{ ''|default('e', true) }} {{ ''|default('f') }}", "d e "},
    {"{{ 'a-b-c'.split('-')[-1] }} {{ 'abc'.replace('b', 'x') }} {{ 'abc'|replace('c', '') }}",
     "c axc ab"},
    {"{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith('ab') }}", "True False"},
    {"{{ missing is defined }} {{ name is not none }} {{ map is mapping }} {{ 'x' is string }}",
     "False True True True"},
    {"{{ 3 is odd }} {{ name is equalto 'Ann' }} {{ name is in ['Ann'] }}", "True True True"},
    {"{% for k, v in map|items %}{{ k }}={{ v }};{% endfor %}", "x=1;y=two;"},
    {"{% for k, v in map.items() %}{{ k }}{% endfor %}{{ map.get('q', 'n') }}", "xyn"},
    {"{{ [{'r': 'u'}, {'r': 'a'}]|selectattr('r', 'equalto', 'u')|list|length }}", "1"},
    {"{{ [{'r': 'u'}, {'r': 'a'}]|rejectattr('r', 'in', ['u'])|map(attribute='r')|join }}", "a"},
    // Statements
    {"{% for x in list %}{{ loop.index0 }}{{ x }}{{ '' if loop.last else ',' }}{% endfor %}",
     "0a,1b,2c"},
    {"{% for x in list if x != 'b' %}{{ x }}{{ loop.length }}{% endfor %}", "a2c2"},
    {"{% for x in [] %}x{% else %}none{% endfor %}", "none"},
    {"{% for x in list %}{% if x == 'b' %}{% continue %}{% endif %}{{ x }}{% endfor %}", "ac"},
    {"{% for x in list %}{% if x == 'b' %}{% break %}{% endif %}{{ x }}{% endfor %}", "a"},
    {"{% for x in list %}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}", "b;ac;b;"},
    {"{% if false %}1{% elif name %}2{% else %}3{% endif %}", "2"},
    {"{% set a = 1 %}{% for x in list %}{% set a = 2 %}{% endfor %}{{ a }}", "1"},
    {"{% set ns = namespace(a=1) %}{% for x in list %}{% set ns.a = x %}{% endfor %}{{ ns.a }}",
     "c"},
    {"{% if true %}{% set a = 2 %}{% endif %}{{ a }}", "2"},
    {"{% set a %}x{{ name }}{% endset %}{{ a }}{{ a }}", "xAnnxAnn"},
    {"{% macro f(a, b='B') %}[{{ a }}{{ b }}]{% endmacro %}{{ f(1) }}{{ f(2, b='C') }}",
     "[1B][2C]"},
    {"{% filter upper %}x{{ name }}{% endfilter %}", "XANN"},
    {"{% generation %}x{% endgeneration %}", "x"},
    {"{% for i in range(3) %}{{ i }}{% endfor %}", "012"},
};

TEST(Jinja, PrintsWhatJinjaPrints) {
  for (const Case& one : cases) {
    EXPECT_EQ(print(one.source), one.expected) << one.source;
  }
}

TEST(Jinja, WhatPythonWouldRaiseIsUnsupported) {
  for (const char* source : {"{{ missing.part }}",
                             "{{ 'a' + 1 }}",
                             "{{ 'a' + missing }}",
                             "{% for x in nothing %}{% endfor %}",
                             "{{ 'a' in nothing }}",
                             "{{ 1 // 0 }}",
                             "{{ missing() }}",
                             "{{ nothing|length }}",
                             "{{ list|tojson }}",
                             "{{ name is weird }}",
                             "{{ name.weird() }}",
                             "{{ list }}",
                             "{% for a, b in list %}{% endfor %}",
                             "{% set name.x = 1 %}",
                             "{{ 9223372036854775807 + 1 }}",
                             "{{ 99999999999999999999 }}",
                             "{{ 1.5 }}",
                             "{% endif %}",
                             "{% if true %}",
                             "{{ 'a }}",
                             "{% if true %}{% else %}{% else %}{% endif %}",
                             "{# no end",
                             "{{ list[ }}",
                             "{{ }}",
                             "{% set %}",
                             "{% for in list %}{% endfor %}"}) {
    EXPECT_EQ(test::code_of([&] { print(source); }), Code::unsupported) << source;
  }
}

TEST(Jinja, ItsOwnExceptionsAreTold) {
  std::string sentence;
  EXPECT_EQ(test::code_of([&] { print("{{ raise_exception('no ' + name) }}"); }, &sentence),
            Code::bad_argument);
  EXPECT_EQ(sentence, "no Ann");
}

}  // namespace
}  // namespace crayon::importers::jinja
