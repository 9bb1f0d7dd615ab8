using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using Link.Core.Secrets;

namespace Link.Core.Plugins.Webhook;

/// <summary>Takes secrets out of a text that another side wrote and that may repeat what it was sent, as it was or as JSON, HTML, a URL or base64 write it.</summary>
internal sealed class SecretMask(IEnumerable<string> secrets)
{
    /// <summary>A shorter word of a header's value may stand in any text: the scheme of "Basic ...", a version.</summary>
    private const int MinPart = 8;

    /// <summary>Each is looked for in all of the text. Who has more secrets than that in one configuration is shown nothing.</summary>
    private const int MaxForms = 512;

    private readonly List<string> _forms =
    [
        .. secrets.SelectMany(Parts).SelectMany(Forms).Where(static form => form.Length > 0).Distinct().Take(MaxForms + 1).OrderByDescending(static form => form.Length),
    ];

    public string Hide(string text)
    {
        if (_forms.Count > MaxForms)
            return text.Length == 0 ? "" : Secret.Mask;

        // The longest first: a secret may be a part of another.
        foreach (string form in _forms)
            text = text.Replace(form, Secret.Mask, StringComparison.OrdinalIgnoreCase);
        return text;
    }

    /// <summary>"Bearer my-token" is repeated as a whole, or as the token alone.</summary>
    private static IEnumerable<string> Parts(string secret) =>
        secret.Split(' ', '\t', ',', ';').Select(static part => part.Trim('"')).Where(static part => part.Length >= MinPart).Append(secret).Append(secret.Trim());

    private static IEnumerable<string> Forms(string secret) =>
    [
        secret,
        JavaScriptEncoder.Default.Encode(secret),
        JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(secret),
        WebUtility.HtmlEncode(secret),
        Uri.EscapeDataString(secret),
        Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)),
    ];
}
