import Foundation

/// Small image files and what Pillow 13.0.0 makes of them.
///
/// Source, with NumPy 2.4.6: `y, x = np.mgrid[0:14, 0:20]`, `image = Image.fromarray(np.stack([(x * 37 + y * 11) % 256,
/// (x * x + 3 * y) % 256, (255 - x * 9 - y * 17) % 256], 2).astype(np.uint8))`, saved as PNG (`optimize=True`), as JPEG
/// (`quality=75`, 4:2:0), as `convert('L')` JPEG (`quality=75`), as `quantize(8)` PNG, and as PNG with
/// `putalpha(np.arange(280) % 256)`. Checksums are `zlib.crc32(Image.open(file).convert('RGB').tobytes())`; resized ones
/// `image.resize((width, height), Image.BILINEAR)`.
enum ImageSamples {
  static let png = decoded(
    """
    iVBORw0KGgoAAAANSUhEUgAAABQAAAAOCAIAAACgpqunAAAAcklEQVR42s2RTQrCMBgFG1IRCaUUERGRUsrc/2jfcpZ6gFYa\
    shDhbYf3l7ruTZIsJznLRYoMMsokV7nJXR7ylJfMssgq2JccJVlyi34FUwnzX7E3ih2YqsLR5hxtseOg85fMsVvk0HmDzVVr\
    R9tVUTn+B42YIRkFnV5qAAAAAElFTkSuQmCC
    """)
  static let jpeg = decoded(
    """
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcp\
    LDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIy\
    MjIyMjIyMjIyMjIyMjL/wAARCAAOABQDASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAA\
    AgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6\
    Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXG\
    x8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREA\
    AgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5\
    OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPE\
    xcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDhdOC22mSsQCXXywCcZLcf4n8K7/w+vlaf\
    DENuZZFBB64HOR+IH51xUNm05s4g4WPcWYY7jGP5mvQrCRbBZpbdQz2Nq8i+YMgvtLducY2jt0rrx9TF5nD2kXywber8tNF6\
    97ep15ylCk6CWtowXrLV/gzntASC10aBLmURORuCsrE49eB7GimW7C5jzk7Yz5agjpjr+uaKmeAy/mfO5N9df+AcuMz3F0sR\
    OnSjHli2ldO+n/bx/9k=
    """)
  static let greyJPEG = decoded(
    """
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcp\
    LDAxNDQ0Hyc5PTgyPC4zNDL/wAALCAAOABQBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgED\
    AwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RF\
    RkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJ\
    ytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/AOF04LbaZKxAJdfLAJxktx/ifwrv/D6+Vp8MQ25lkUEH\
    rgc5H4gfnWXoCQWujQJcyiJyNwVlYnHrwPY1z0Nm05s4g4WPcWYY7jGP5mvQrCRbBZpbdQz2Nq8i+YMgvtLducY2jt0rm7dh\
    cx5ydsZ8tQR0x1/XNf/Z
    """)
  static let palettePNG = decoded(
    """
    iVBORw0KGgoAAAANSUhEUgAAABQAAAAOBAMAAADd6iHDAAAAGFBMVEWqvX8otX3DbHNbXITRLmOuGZU0NmJUDKVE8gf9AAAA\
    XklEQVR4nC3MsQ2CABQG4Y8/sUZ6C0ZwKWdwPB3AggkIE5inA/As8HLFVTfcrbk83p/bK/BECRp2sSs1IPQMxHbEJpSmjdFB\
    mWT3Z0kVh2nzcT4HrpzIxggtTJZqXz+fFCFp5Mu90gAAAABJRU5ErkJggg==
    """)
  static let transparentPNG = decoded(
    """
    iVBORw0KGgoAAAANSUhEUgAAABQAAAAOCAYAAAAvxDzwAAAAjklEQVR4nNWSsQoCMRBE88iJSBART+QQOQ6Z//+0lFNqJQgm\
    B5EUWmyzyzxmdpcQHkEYRaON0dZoZ5SM9kYHo6PRyehsdDGajK5GN6PZaDG6G8kMKeYxYVLsU78D1DfAmug/Ipcr14Frccuz\
    3Mth7hU5F/tF4HrcMuila3BYAc3NV647anybT1BlFeP77AkqjSM6Gl+YwwAAAABJRU5ErkJggg==
    """)

  /// The same pixels as ``png``, interlaced: one IDAT with the seven passes of Adam7, filter 0; Pillow reads them equal.
  static let interlacedPNG = decoded(
    """
    iVBORw0KGgoAAAANSUhEUgAAABQAAAAOCAIAAAHXoZsxAAADbklEQVR4nAFjA5z8AAAA/yhAt1AAbwBYGHeAWC+oGOcAlBDb\
    vJCTAOwoUxSoCwAsDLvAHJdUTHPonE98DCsAhCQzGDQPrGTrQLTH1CSjAEoE7d4kyXJkpQbEgZpEXQB2EKkKMIWecGEy0D3G\
    UBkAohxlNjxBynwdXtz58lzVAM4oIWJI/faI2YrotR5okQAWBt1gCsuqFrn0Kqc+RpWIaoPSlnEcyl9mBk2wSjsAQhKZjBaH\
    1iJ1IDZjalJRtHY//qItSNYbkhIJ3Fb3AG4eVbgiQwIuMUxCH5ZeDeCC+yqu6XTi174exQhiswAlAfZvCeS5GdIDMcBNUa6X\
    eZzhqYor4Xh1IWa/aVQAOwfUhQ/Czx+wGTeeY1eMrX96969oQedWiydE1W8yAFENspsVoOUlji89fHldasOFWA21RlftNKEt\
    Iut1EABnE5CxG377K2xFQ1qPY0jZizYjuyRt8xK3MwABe+4AfRluxyFcETFKW0k4pWkm75EUOcECg/nwzTneF4HMAJMfTN0n\
    Oic3KHFPFrtvBAWX8k/H4Jn/zuM/vC2HqgCpJSrzLRg9PQaHVfTRdeIbndBlzb6vBaz5RZpDjYgACwPuMATlVQfcegzTnxPK\
    xBzB6Se4DjSvM0OmWFSdfWeUonyLx5OC7Kx5EcdwNuRnWwNegCRVpUdMymxDACEJzEYKw2sNupASsbUZqNoin/8tliQ6jUlJ\
    hG5ae5NtcriCad2ZYAKyVyfNTkzqRXEJPJYqM7tNKuByIQA3D6pcEKGBE5imGI/LH4bwKH0VM3Q6QGtfT2KEYFmpc1DOiEfz\
    nz4YuDU90yxi8COHDxqsMBHRUwj2eP8ATRWIchZ/lxl2vB5t4SVkBi5bKzlSUEZJdVVAmmY3v3ku5I4lCaUcLr4TU9kKePYB\
    nRX4wjbv51nmDH7dAGMbZogcXa0fVNIkS/crQhw0OUE/MGZMJ4tbHrBsFdV/DPqUAx+r+kTE8Wnf6I7837Mb1tg8zf1fxCKE\
    uwB5IUSeIjvDJTLoKikNMSAyOhdXRQ58UgWhYfzGcvPrheoQmuE1sdhays9/5cakAr3JIbTuQqsTZaI4ipkAjycitCgZ2SsQ\
    /jAHIzf+SED1bUvskljjt2fa3HjRAYvIJqC/S7e2cNCtleukugib3yeSBEiJKWuATpB3eVV2qOdaRaIAAAAASUVORK5CYII=
    """)

  /// The image as `convert('CMYK')` with black replaced by `np.arange(280).reshape(14, 20) % 200`, JPEG (`quality=75`).
  static let cmykJPEG = decoded(
    """
    /9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAIBgYHBgUIBwcHCQkICgwUDQwLCwwZEhMPFB0aHx4dGhwcICQuJyAiLCMcHCg3KSww\
    MTQ0NB8nOT04MjwuMzQy/8AAFAgADgAUBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//E\
    ALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2\
    Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrC\
    w8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwCno8EOhfDLU5pUjZ7m3NnFG0gQ\
    u0o2fL6lVLPgdQp6dR43pVt+/XjvXSa340+9+9/Wu2fx7/01/WpNTt/7P+HVppyeR5mpXcUTRufnMafvCyjPZljBPIG71Ir3\
    j4c237+LjuK831vxp9797+tV38e/9Nf1rqrbxH4V8I6faWGual9kupIhMqfZpZMoSQDlFI6qfyrhPClt/wASCDj/ADxV/Svh\
    74y16z+3sbTTAzlVg1F5IpSBxu2BCQM5xnB4zjBBMB8e8/639awfE9k8eneFLBZALWaWaaRNo+Z0CBTnGeBI/wCfsK5nSoB5\
    6/Ws7wn4d1T4i3l8sOoRWVrZbPtEjqXf5w+3aowDynOWGM556Vcfwz4T/wCgK3/gXN/8XUeqyrqXj2x0dWbyNKt0UoyKB5sg\
    DsykckFfKHPdTgdz7J4eu5dG8OalqlusbT2VlNcRrICVLIhYA4IOMj1FeoaZ4a8PeC/3um2DS3wz/p12RJN/F0OAE4Yr8oXI\
    xnNV38M+E/8AoCt/4Fzf/F1zPjaVfEHiy+bc3kWL/YIVdFUqI+HHHUGTzCCecEdOg5jwpAP7Ag/z6VTu/FFx9ob7351AfDPh\
    PP8AyBW/8C5v/i6//9k=
    """)

  /// Decoded pixels of ``jpeg``.
  static let jpegPixels = decoded(
    """
    GgffGwDPRgzacQ7anwDOwyfqmz3rQxanRzWtT0ydcWuPjX9/s5uBq7+KK6VSY9CWMCI5dh9UrT1h1Fl1GgPZKgbYSwzXdQ3T\
    qQnLtRzOo0riQxmXSjieXlSZcmOCmoaFu6OLtc6XObRaXMuGLCEneydJrEVY02FrGwDLPA/cVQjQgxHLuBe9tyOvq13KTyyA\
    Tzp9cl+NgGB1p4iFtaGJoL6IQb5aX810KCMGejAto0o8zmtWJQDEShLVYgrBkRe6uhqgwTOfkE2dTC9vWTxygl+AmGdtsIdz\
    qp52apZLQ8BIbdVmTTQLljovr0851nJaOAfCVBHBcw6snhudsxd4xEGNXCRrPyZnaUF9h1Fzr2teuotXsbZmSIgWR8owfdZU\
    XRsApBsjvT9A6G5rRAytWA2ohBGgqhySuyR1v0mFQxpSSThseEt2i0tbu2xLwpBJs8llSp0XT9UmgdNLbh4TsiNRzFyC4oOj\
    Sg6IYA6OlRKcqxWSyTaOnDRvQSdOU05ifVBXnFVDwm87wZJCjrZTTLAqT9YhhNVVYiM+mCyRmmW/dF2vVRN3cBR/oRWPpQ16\
    xEGNZxNEMyZASElNelA6q2c2xXgqtZI0WZIxP68/Scg9k9KDhTl6tknKooDxUVS9XBFudRVvqxx0tSNsskd1Wh46LitATVFQ\
    e1ErtXcstHsKvLE7PYosOa5oeuG0wNvmpi6Syzi9uX/vcGHGbhtthh9osyRauC5QkT5ITCgoMjY5VVZQil0+mFwmuo9Boqlb\
    V698T8Sqidziycz/rC2ezD29nGzSYmK8eRxjkSJXtyU4szQrYSkIOy8JOT4nXVVKkV5dklZgzqzEanuXQJy1SbbLn+Hxz8z3\
    nDqhsk/EYFyzPmqxgRtDmiQ6uiYYtj4cQBoANzYhSkVLbVNutHadsHWrxLX6SW6yS6/haM70mMPjWUd5mUOmpF3FQFeaNHqr\
    jyIbqC4ZyDIAwkwkPh8lQ0N3aUurjFTBqF24xZHcqbTySYy3P63EYb/Zrb70Wi9+nEKmmVmwPFuHPI2ilyYGrzIGzjYAyFMo\
    SC5JTk6mek/cm1btxHHnt4XcR2GaL4KgRrjDdtHmztH/cDmWlTmcez6MOV19PZKZ
    """)

  /// Pixels of ``png`` resized to 10x7.
  static let halfPixels = decoded(
    """
    IgPtZQndrxfLeS25Q0unjXGVt5+DQbVxazNfrVFONgnPeQ+/vx2tgTObV1GJoXd3m6VlRbtTfzlBwVcwTA+tjxWdvSOLTzl5\
    bVdnt31VgatDS8ExlT8jyV1SYhWLpRt7nylpST9Xg11FvYMzZ7ElYcc3q0V9jGPMeBtptyFZeS9HT0U1mWMnt4k5Sbd/d83F\
    vUvXh2nKjiFHtSc3RzUpZUs7r2mBhY/HR73ZjaPLu0G5Sm+ooSYoxCwmTjp0eFDGtG7eY5TQVsK+oHisoTaaQXSJ
    """)

  /// The checksum of RGB pixels by file.
  static let checksums: [(name: String, file: Data, crc: UInt32)] = [
    ("a.png", png, 0x2d7ee5e8),
    ("cmyk.jpg", cmykJPEG, 0x55ff155b),
    ("interlaced.png", interlacedPNG, 0x2d7ee5e8),
    ("grey.jpg", greyJPEG, 0x6b5581b2),
    ("palette.PNG", palettePNG, 0xd1c8f80c),
    ("alpha.png", transparentPNG, 0x2d7ee5e8),
  ]

  /// The checksum of ``png`` resized to 31x22.
  static let enlargedChecksum: UInt32 = 0xa5ba26e0

  private static func decoded(_ text: String) -> Data { Data(base64Encoded: text) ?? Data() }

  /// CRC-32 of IEEE 802.3, as zlib computes it.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0 as UInt32) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
  }
}
