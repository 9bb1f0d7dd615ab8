using Link.Core.Plugins.Webhook;
using Xunit;

namespace Link.Tests.Plugins.Webhook;

public sealed class SecretMaskTests
{
    [Fact]
    public void A_secret_is_hidden_as_a_whole_and_in_parts() =>
        Assert.Equal("of ***: *** and ***", new SecretMask(["Bearer my-long-token", "a\"b"]).Hide("of bearer my-long-token: MY-LONG-TOKEN and a\\u0022b"));

    /// <summary>32 headers of 4096 characters hold 16,000 words, each of which would be looked for in 64 KiB, in six forms.</summary>
    [Fact]
    public void Who_has_too_many_secrets_to_look_for_is_shown_nothing()
    {
        string[] headers = [.. Enumerable.Range(0, 32).Select(static header => string.Join(',', Enumerable.Range(0, 400).Select(word => $"word{header:d2}{word:d4}")))];
        string answer = string.Join(' ', headers);
        var mask = new SecretMask(headers);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal("***", mask.Hide(answer));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, answer.Length);
        Assert.Equal("", mask.Hide(""));
    }
}
