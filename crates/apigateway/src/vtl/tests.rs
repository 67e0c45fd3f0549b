//! Templates and what they leave.

use serde_json::json;

use super::*;

struct World;

impl Host for World {
    fn variable(&self, name: &str) -> Option<Val> {
        let known =
            json!({ "name": "ada", "n": 3, "list": ["a", "b"], "map": { "k": "v", "x": 1 }, "none": null });
        known.get(name).map(Val::from_json).or_else(|| (name == "util").then_some(Val::Host("util")))
    }

    fn property(&self, _: &'static str, _: &str) -> Option<Val> {
        None
    }

    fn call(&self, _: &'static str, method: &str, arguments: &[Val]) -> Option<Result<Val, String>> {
        (method == "twice").then(|| Ok(Val::text(arguments[0].to_text().repeat(2))))
    }
}

#[track_caller]
fn check(template: &str, expected: &str) {
    let template = Template::parse(template).unwrap();
    assert_eq!(render(&template, &World).unwrap(), expected);
}

#[track_caller]
fn fails(template: &str, expected: &Failure) {
    let template = Template::parse(template).unwrap();
    assert_eq!(render(&template, &World).as_ref(), Err(expected));
}

#[test]
fn references_are_replaced_and_unknown_names_stay() {
    check("hi $name!", "hi ada!");
    check("${name}s $!{name}", "adas ada");
    check("$unknown $!unknown. ${unknown}", "$unknown . ${unknown}");
    check("$map.k $map.missing. $map['x'] $list[1] $list.get(0)", "v . 1 b a");
    check("$list $map", "[a, b] {k=v, x=1}");
    check("cost: $5 and 100%", "cost: $5 and 100%");
    check(r"\$name \#if", "$name #if");
    check("$name.toUpperCase().substring(1,2)x", "Dx");
    check("$name. $name.", "ada. ada.");
    check("$util.twice(\"$name-\")", "ada-ada-");
    check("#[[ $name ]]# ## gone\n#* gone *#x", " $name  x");
}

#[test]
fn conditions_choose() {
    check("#if($n == 3)yes#{else}no#end", "yes");
    check("#if($n > 3)a#elseif($n >= 3 && $name != 'bob')b#else c#end", "b");
    check("#if(!$unknown)none#end#if($none)x#end", "none");
    check("#if($name.contains('d') and ($n lt 4))in#end", "in");
    check("#if(\"$name\" == \"ada\")same#end", "same");
}

#[test]
fn values_are_set_and_collected() {
    check("#set($x = 1 + 2 * 3)$x", "7");
    check("#set($x = {\"a\": 1})#set($x.b = [1, 'two'])$x.b[1] $x.size()", "two 2");
    check("#set($x = [])#set($ignore = $x.add('q'))$x.size()$x[0]", "1q");
    check("#set($x = 'it''s')$x #set($y = \"a$n\")$y", "it's a3");
    check("#set($x = 7 / 2)$x #set($x = 7.0 / 2)$x #set($x = -$n)$x", "3 3.5 -3");
    check("#set($m = {})$m.put('a', 1)$m.put('a', 2)$m", "1{a=2}");
    check("#set($x = 'a,b,,')$x.split(',').size() $x.replaceAll('[ab]', '-')", "2 -,-,,");
}

#[test]
fn loops_go_over_lists_maps_and_ranges() {
    check("#foreach($i in $list)$i#if($foreach.hasNext),#end#end", "a,b");
    check("#foreach($k in $map.keySet())$k=$map.get($k);#end", "k=v;x=1;");
    check("#foreach($e in $map.entrySet())$e.key:$e.value #end", "k:v x:1 ");
    check("#foreach($i in [1..3])$foreach.index$i #end$!i", "01 12 23 ");
    check("#foreach($i in [1..9])#if($i == 3)#break#end$i#end.", "12.");
    check("a#return('b')c", "ab");
    check("a#stop c", "a");
}

#[test]
fn lines_of_directives_alone_leave_nothing() {
    check("{\n  #set($x = 1)\n  #if($x == 1)\n  \"x\": $x\n  #end\n}", "{\n  \"x\": 1\n}");
    check("#foreach($i in $list)\n$i\n#end\nend", "a\nb\nend");
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (template, expected) in [
        ("a\n#if($x", "`)` is missing (line 2)"),
        ("#if($x)", "`#end` is missing (line 1)"),
        ("#set($x 1)", "`=` is missing (line 1)"),
        ("#end", "`#end` or `#else` without a beginning (line 1)"),
        ("#set($x = 'a)", "a text does not end (line 1)"),
    ] {
        assert_eq!(Template::parse(template).unwrap_err(), expected, "{template}");
    }
    assert!(Template::parse(&"#if(true)".repeat(500)).is_err());
    assert!(Template::parse(&format!("#set($x = {})", "(".repeat(100_000))).is_err());
    assert!(Template::parse(&format!("#set($x = {}1)", "!".repeat(100_000))).is_err());
}

#[test]
fn no_template_runs_without_end() {
    let nested = "#foreach($a in [1..1000])#foreach($b in [1..1000])#foreach($c in [1..1000])#end#end#end";
    fails(nested, &Failure::Steps);
    let doubled = "#set($x = 'aaaaaaaaaaaaaaaa')#foreach($i in [1..40])#set($x = \"$x$x\")#end";
    fails(doubled, &Failure::Bytes);
    fails("$name.nothing()", &Failure::Method("there is no method nothing with 0 arguments".to_owned()));
    // What holds itself would never be let go.
    fails("#set($x = [])$!x.add([$x])", &Failure::Method("a list cannot hold itself".to_owned()));
    fails("#set($x = {})#set($x.a = {'b': $x})", &Failure::Method("a map cannot hold itself".to_owned()));
    let many = "#set($x = ['a'])#foreach($i in [1..60])#set($x = [$x, $x])#end$x";
    fails(many, &Failure::Bytes);
}
