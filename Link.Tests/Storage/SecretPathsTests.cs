using System.Text.Json;
using Link.Core.Storage;
using Xunit;

namespace Link.Tests.Storage;

public sealed class SecretPathsTests
{
    [Theory]
    [InlineData("""{"url":"u","secret":"s","resource_id":"r"}""", "secret", """{"url":"u","secret":"<secret>","resource_id":"r"}""")]
    [InlineData("""{"headers":{"A":"1","B.C.D":"2","*":"3","":"4"}}""", "headers.*", """{"headers":{"A":"<headers.A>","B.C.D":"<headers.B.C.D>","*":"<headers.*>","":"<headers.>"}}""")]
    [InlineData("""{"headers.A":"kept","headers":{"A":"1"}}""", "headers.A", """{"headers.A":"kept","headers":{"A":"<headers.A>"}}""")]
    [InlineData("""{"a":{"b":{"c":"1","d":"2"},"e":"3"},"c":"4"}""", "a.*.c", """{"a":{"b":{"c":"<a.b.c>","d":"2"},"e":"!<a.e>"},"c":"4"}""")]
    [InlineData("""{"a":{"b":"1","c":{"d":"2"}}}""", "a.b,a.*.d", """{"a":{"b":"<a.b>","c":{"d":"<a.c.d>"}}}""")]
    [InlineData("""{"secret":null,"headers":null}""", "secret,headers.*", """{"secret":null,"headers":null}""")]
    [InlineData("""{"headers":{"A":null}}""", "headers.*", """{"headers":{"A":null}}""")]
    [InlineData("""{"secret":["s"],"headers":["h"]}""", "secret,headers.*", """{"secret":"<secret>","headers":"!<headers>"}""")]
    [InlineData("""{"secret":{"a":"s"},"headers":"h"}""", "secret,headers.*", """{"secret":"<secret>","headers":"!<headers>"}""")]
    [InlineData("""{"secret":"1","secret":"2"}""", "secret", """{"secret":"<secret>","secret":"<secret>"}""")]
    [InlineData("""{"Secret":"1","secrets":"2"}""", "secret", """{"Secret":"1","secrets":"2"}""")]
    [InlineData("{ \"n\" : [ 1.50, 6.5e4, true ],\n \"t\": \"a \\u0026 \\\" b\" }", "secret", """{"n":[1.50,6.5e4,true],"t":"a \u0026 \" b"}""")]
    [InlineData("{}", "secret", "{}")]
    public void Secret_fields_are_found_and_all_the_rest_stays_as_it_is_and_in_its_order(string config, string paths, string expected) =>
        Assert.Equal(expected, new SecretPaths(paths.Split(',')).Rewrite(config, (writer, field, _, isParent) => writer.WriteStringValue($"{(isParent ? "!" : "")}<{field}>")));

    [Theory]
    [InlineData("")]
    [InlineData("{\"a\":")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("null")]
    public void What_is_no_object_is_refused(string config) =>
        Assert.ThrowsAny<JsonException>(() => new SecretPaths(["secret"]).Rewrite(config, static (writer, _, _, _) => writer.WriteNullValue()));
}
