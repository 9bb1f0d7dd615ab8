using System.Globalization;
using System.Text;

namespace Link.Tests.Fuzz;

/// <summary>An input that does what none may do.</summary>
/// <param name="Seed">Makes the input again.</param>
/// <param name="What">What happened, in one line or with the stack.</param>
/// <param name="Input">As short as it could be made.</param>
internal sealed record FuzzFind(string Target, ulong Seed, string What, byte[] Input)
{
    private const int MostShown = 2048;

    public override string ToString()
    {
        byte[] shown = Input.Length > MostShown ? Input[..MostShown] : Input;
        string more = Input.Length > MostShown ? string.Create(CultureInfo.InvariantCulture, $" (the first {MostShown} bytes)") : "";
        return string.Create(CultureInfo.InvariantCulture, $"""
            {Target}: {What}
              again:  LINK_FUZZ_SEED={Seed} ./scripts/test FuzzTests, or ./scripts/fuzz {Target} --seed {Seed} --inputs 1
              input:  {Input.Length} bytes{more}
              hex:    {Convert.ToHexStringLower(shown)}
              text:   {Printable(shown)}
            """);
    }

    private static string Printable(byte[] bytes)
    {
        var text = new StringBuilder();
        foreach (char c in Encoding.UTF8.GetString(bytes))
            text.Append(char.IsControl(c) || char.IsSurrogate(c) ? '.' : c);
        return text.ToString();
    }
}
