namespace Link.Core.Plugins.Outscale;

/// <summary>What the end of a request says of the keys that it was signed with.</summary>
internal enum KeyVerdict
{
    /// <summary>Nothing: no request was made, or the answer does not depend on the keys.</summary>
    None,

    /// <summary>Nothing, and there was no answer at all; others would get none either.</summary>
    Unreachable,

    /// <summary>The signature is right.</summary>
    Accepted,

    /// <summary>The signature is wrong. Four of them in a row lock the account.</summary>
    Refused,

    /// <summary>The account is locked because of wrong signatures, whoever made them.</summary>
    Locked,
}
