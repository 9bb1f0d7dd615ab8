using System.Text;
using System.Text.Json;
using Link.Core.Api;
using Xunit;

namespace Link.Tests.Api;

/// <summary>What answers at an address may be anybody.</summary>
public sealed class ApiAnswerReaderTests
{
    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("{")]
    [InlineData("""{"id":"\ud800"}""")]
    [InlineData("""{"\udc00":1}""")]
    public void What_is_no_JSON_or_no_text_is_no_answer(string text) => Assert.Null(ApiAnswerReader.Parse(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData("{\"error\":\"\\u001b[2J\\u001b]0;pwned\\u0007no\\nroot\\u202e\"}", "[2J ]0;pwned no root")]
    [InlineData("{\"error\":\"e\",\"errors\":{\"a\\u001b[31m\":[\"x\"],\"b\":[\"\\u009b1m\"]}}", "e: a [31m x; b  1m")]
    [InlineData("\u001b[31mnot JSON", "the agent answered with status 400: [31mnot JSON")]
    public void No_control_character_of_an_error_reaches_the_terminal(string text, string shown)
    {
        byte[] answer = Encoding.UTF8.GetBytes(text);
        string error = ApiAnswerReader.Error(400, ApiAnswerReader.Parse(answer), answer);
        Assert.DoesNotContain(error, char.IsControl);
        Assert.Equal(shown.Trim(), error);
    }

    [Fact]
    public void Of_many_wrong_fields_a_page_is_shown()
    {
        string fields = string.Join(',', Enumerable.Range(0, 50_000).Select(static i => $"\"f{i}\":[\"x\"]"));
        byte[] answer = Encoding.UTF8.GetBytes($"{{\"error\":\"{new string('e', 500_000)}\",\"errors\":{{{fields}}}}}");
        JsonElement json = ApiAnswerReader.Parse(answer)!.Value;
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.InRange(ApiAnswerReader.Error(422, json, answer).Length, 1000, 1003);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 * answer.Length);
    }

    [Fact]
    public void A_number_that_no_port_and_no_count_can_be_is_none()
    {
        byte[] answer = Encoding.UTF8.GetBytes("""{"checks":[{"type":"TCP","host":"h","port":4294967376}],"healthcheck_interval":-4294967295}""");
        EndpointSnapshot endpoint = ApiAnswerReader.Endpoint(ApiAnswerReader.Parse(answer)!.Value).Endpoint;
        Assert.Equal((0, 0), (endpoint.Checks[0].Port, endpoint.HealthcheckIntervalSeconds));
    }
}
